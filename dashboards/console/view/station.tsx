// One station: its curve with bands of danger, how fast it changes, when it would reach the next level, its neighbours,
// and every value as a table.

import { useState } from "preact/hooks";
import { type Observation, observations, part, type Station as Place, stations, type Stream } from "../api";
import { Wrong } from "../ask";
import { isAmount, lately, lead } from "../amount";
import { Curve } from "../curve";
import { useLoaded } from "../live";
import { doubtOf, failedTests, flagWord } from "../quality";
import { StandingSign } from "../sign";
import { mainStream, standing, systemName, systemOf } from "../system";
import { length, moment, number, quantity, unit } from "../time";
import { Link } from "../way";
import { pick, say } from "../words";

const HOUR = 3_600_000;
/** The slope of an hour says nothing about the day after. */
const FORESEEN = 24 * HOUR;
const SPANS = [{ hours: 6, word: "last6" }, { hours: 24, word: "last24" }, { hours: 168, word: "last7d" }] as const;
const ROWS = 200;
const NEAR = 5;

/** The least-squares slope of the last hour's good values, in units an hour. */
export function slope(seen: Observation[]): number | null {
  const good = seen.filter((one) => one.value !== null && one.flag < 3).map((one) => ({ t: Date.parse(one.time) / HOUR, v: one.value as number }));
  const last = good.at(-1);
  if (!last) return null;
  const recent = good.filter((point) => last.t - point.t <= 1);
  if (recent.length < 3) return null;
  const mean = (of: (point: { t: number; v: number }) => number): number => recent.reduce((sum, point) => sum + of(point), 0) / recent.length;
  const [t, v] = [mean((point) => point.t), mean((point) => point.v)];
  const spread = mean((point) => (point.t - t) ** 2);
  return spread === 0 ? null : mean((point) => (point.t - t) * (point.v - v)) / spread;
}

/** A rate that is written as nothing is none. */
const isFlat = (rate: number): boolean => Number(number(rate)) === 0;

/** How long until the next level; `null`: longer than anybody would say, at a rate of one hour. */
function outlook(stream: Stream, rate: number | null, doubt: string | null): string | null {
  const limits = Object.values(stream.levels).filter((limit) => limit !== undefined).sort((one, other) => one - other);
  if (limits.length === 0) return say("noLimitSet");
  if (doubt !== null || stream.value === null) return `${say("unknown")}: ${doubt ?? say("noValue")}`;
  const next = limits.find((limit) => limit > (stream.value as number));
  if (next === undefined) return say("aboveAll");
  if (rate === null) return `${say("unknown")}: ${say("tooFewForRate")}`;
  if (isFlat(rate)) return null;
  if (rate < 0) return say("falling");
  const left = ((next - stream.value) / rate) * HOUR;
  return left > FORESEEN ? null : `${length(left)} (${quantity(next, stream.unit)})`;
}

/** What the newest values come to: how much lately, or how high and how fast. */
function Figures({ stream, seen, now }: { stream: Stream; seen: Observation[]; now: number }) {
  const doubt = doubtOf(stream, now);
  const rate = slope(seen);
  const next = outlook(stream, rate, doubt);
  const told = (value: number | null): string => (value === null ? `${say("unknown")}: ${doubt ?? say("noData")}` : quantity(value, stream.unit));
  return (
    <dl class="figures">
      <div><dt>{say(stream.nature === "counter" ? "counterNow" : "lastValue")}</dt><dd>{quantity(stream.value, stream.unit)}{stream.time && <span class="mut"> {moment(stream.time)}</span>}{doubt && <span class="mut"> · {doubt}</span>}</dd></div>
      {isAmount(stream) ? (
        <>
          <div><dt>{say("lastHour")}</dt><dd>{told(lately(stream, seen, now, HOUR))}</dd></div>
          <div><dt>{say("last3Hours")}</dt><dd>{told(lately(stream, seen, now, 3 * HOUR))}</dd></div>
        </>
      ) : (
        <>
          <div><dt>{say("rate")}</dt><dd>{rate === null ? `${say("unknown")}: ${doubt ?? say("tooFewForRate")}` : isFlat(rate) ? say("steady") : `${rate > 0 ? "+" : ""}${number(rate)} ${unit(stream.unit)}/h`}</dd></div>
          {next !== null && <div><dt>{say("eta")}</dt><dd>{next}</dd></div>}
        </>
      )}
    </dl>
  );
}

function distance([lat, lon]: [number, number], [toLat, toLon]: [number, number]): number {
  const east = (toLon - lon) * Math.cos((lat * Math.PI) / 180);
  return Math.hypot(toLat - lat, east) * 111.2;
}

function neighboursOf(place: Place, all: Place[]): { place: Place; word: string }[] {
  const up = place.upstream ?? [];
  const found = all.filter((other) => up.includes(other.id)).map((other) => ({ place: other, word: say("upstream") }));
  found.push(...all.filter((other) => other.upstream?.includes(place.id)).map((other) => ({ place: other, word: say("downstream") })));
  const system = systemOf(place).id;
  const near = all.filter((other) => other.id !== place.id && systemOf(other).id === system && !found.some((one) => one.place.id === other.id))
    .sort((one, other) => distance(place.position, one.position) - distance(place.position, other.position));
  found.push(...near.slice(0, NEAR).map((other) => ({ place: other, word: `${say("nearby")} ${distance(place.position, other.position).toFixed(1)} km` })));
  return found;
}

function Values({ seen, stream }: { seen: Observation[]; stream: Stream }) {
  return (
    <details>
      <summary>{say("values")} ({seen.length})</summary>
      <div class="scroll" role="group" aria-label={say("values")} tabIndex={0}>
        <table class="slim">
          <thead><tr><th scope="col">{say("time")}</th><th scope="col">{say("value")}</th><th scope="col">{say("flag")}</th></tr></thead>
          <tbody>{[...seen].reverse().slice(0, ROWS).map((one) => (
            <tr key={one.time}><th scope="row">{moment(one.time)}</th><td class="num">{quantity(one.value, stream.unit)}</td><td>{flagWord(one.flag)}{one.tests && ` · ${failedTests(one.tests)}`}</td></tr>
          ))}</tbody>
        </table>
      </div>
    </details>
  );
}

export function Station({ id }: { id: string }) {
  const [hours, setHours] = useState<number>(24);
  const [kind, setKind] = useState<string | null>(null);
  const all = useLoaded(() => stations(), [], 15_000);
  const place = all.value?.stations.find((station) => station.id === id);
  const now = all.value ? Date.parse(all.value.time) : 0;
  const stream = place && (place.datastreams.find((one) => one.kind === kind) ?? mainStream(place));
  const [from, to] = [now - hours * HOUR, now];
  const read = useLoaded(async () => (stream ? observations(id, stream.kind, new Date(from - lead(stream)).toISOString(), new Date(to).toISOString()) : []),
    [id, stream?.kind, hours, now]);
  if (!all.value) return <main id="main"><h1>{say("station")}</h1>{all.wrong ? <Wrong wrong={all.wrong} /> : <p>{say("loading")}</p>}</main>;
  if (!place || !stream) return <main id="main"><h1>{say("missing")}</h1></main>;
  const seen = read.value ?? [];
  const name = pick(place.name, place.id);
  const csv = `/api/v1/observations?format=csv&limit=10000&station=${part(id)}&kind=${part(stream.kind)}&from=${part(new Date(from).toISOString())}&to=${part(new Date(to).toISOString())}`;
  return (
    <main id="main">
      <h1>{name}</h1>
      <p class="facts"><StandingSign standing={standing(place, now)} /> {systemName(systemOf(place))} · <code>{place.id}</code> · {place.position.map((one) => one.toFixed(4)).join(", ")}</p>
      <div class="tools row">
        <label>{say("quantity")}
          <select value={stream.kind} onChange={(event) => setKind(event.currentTarget.value)}>
            {place.datastreams.map((one) => <option key={one.kind} value={one.kind}>{one.kind}</option>)}
          </select>
        </label>
        <fieldset><legend>{say("span")}</legend>
          {SPANS.map((span) => <label key={span.hours}><input type="radio" name="span" checked={hours === span.hours} onChange={() => setHours(span.hours)} />{say(span.word)}</label>)}
        </fieldset>
        <a class="button" href={csv} download={`${id}-${stream.kind}.csv`}>{say("csv")}</a>
      </div>
      <Figures stream={stream} seen={seen} now={now} />
      {read.wrong ? <Wrong wrong={read.wrong} /> : <Curve name={name} stream={stream} seen={seen} from={from} to={to} />}
      <Values seen={seen} stream={stream} />
      <section aria-labelledby="neighbours"><h2 id="neighbours">{say("neighbours")}</h2>
        <ul class="list">{neighboursOf(place, all.value.stations).map(({ place: other, word }) => {
          const main = mainStream(other);
          return <li key={other.id}><StandingSign standing={standing(other, now)} /><Link to={`/station/${part(other.id)}`}>{pick(other.name, other.id)}</Link><span class="mut">{word}</span><span class="num">{main && quantity(main.value, main.unit)}{main?.nature === "counter" && ` (${say("total")})`}</span></li>;
        })}</ul>
      </section>
    </main>
  );
}
