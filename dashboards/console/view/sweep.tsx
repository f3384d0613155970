// A sweep: many settings over a season, drawn as catches against false alarms, and the same as a table. A point that is
// taken moves the sliders.

import { useEffect, useRef, useState } from "preact/hooks";
import { Wrong } from "../ask";
import type { Knob, Past, Rule, Setting, Settings } from "../rule";
import { begin, is, look, type Point, reportOf, type Share, type Spot, spots, type Standing, stop, values } from "../sweep";
import { length, unit } from "../time";
import { say } from "../words";

const EVERY_MS = 400;
const SPANS = [30, 90, 184];

interface Props { rule: Rule; past: Past; inForce: Settings; setting: Settings; take: (set: Settings) => void }

interface Running { id: number; standing: Standing | null; past: Past; names: string[] }

/** A sweep that is asked for until it is over; who leaves, stops it. */
function useSweep(rule: string) {
  const [running, setRunning] = useState<Running | null>(null);
  const [wrong, setWrong] = useState<Error | null>(null);
  const alive = useRef<number | null>(null);
  const end = (): void => {
    if (alive.current !== null) void stop(rule, alive.current).catch(() => undefined);
    alive.current = null;
  };
  useEffect(() => {
    addEventListener("pagehide", end);
    return () => {
      removeEventListener("pagehide", end);
      end();
    };
  }, [rule]);
  const follow = async (id: number): Promise<void> => {
    while (alive.current === id) {
      const standing = await look(rule, id);
      setRunning((before) => before && { ...before, standing });
      if (standing.state !== "reading" && standing.state !== "playing") alive.current = null;
      else await new Promise((done) => setTimeout(done, EVERY_MS));
    }
  };
  const start = async (params: Record<string, Setting[]>, past: Past, days: number): Promise<void> => {
    setWrong(null);
    try {
      const { sweep } = await begin(rule, params, past, days);
      alive.current = sweep;
      setRunning({ id: sweep, standing: null, past, names: Object.keys(params) });
      await follow(sweep);
    } catch (refused) {
      end();
      setRunning(null);
      setWrong(refused as Error);
    }
  };
  const halt = (): void => {
    // It is looked at until it says itself that it has stopped.
    if (alive.current !== null) void stop(rule, alive.current).catch((refused: Error) => setWrong(refused));
  };
  return { running, wrong, start, halt };
}

export function Sweep({ rule, past, inForce, setting, take }: Props) {
  const { running, wrong, start, halt } = useSweep(rule.id);
  const [first, setFirst] = useState(rule.params[0]?.name ?? "");
  const [second, setSecond] = useState("");
  const [days, setDays] = useState(90);
  const knobs = [first, second].map((name) => rule.params.find((knob) => knob.name === name)).filter((knob): knob is Knob => knob !== undefined);
  const chosen = Object.fromEntries(knobs.map((knob) => [knob.name, values(knob, inForce[knob.name] ?? knob.default, knobs.length > 1)]));
  const count = Object.values(chosen).reduce((all, each) => all * each.length, 1);
  const standing = running?.standing ?? null;
  const busy = running !== null && (standing === null || standing.state === "reading" || standing.state === "playing");
  return (
    <section aria-labelledby="sweep">
      <h2 id="sweep">{say("sweep")}</h2>
      <p>{say("sweepText")}</p>
      <div class="tools row">
        <label>{say("param")} <select value={first} disabled={busy} onChange={(event) => { setFirst(event.currentTarget.value); if (event.currentTarget.value === second) setSecond(""); }}>
          {rule.params.map((knob) => <option key={knob.name} value={knob.name}>{knob.name}</option>)}
        </select></label>
        <label>{say("secondParam")} <select value={second} disabled={busy} onChange={(event) => setSecond(event.currentTarget.value)}>
          <option value="">–</option>
          {rule.params.filter((knob) => knob.name !== first).map((knob) => <option key={knob.name} value={knob.name}>{knob.name}</option>)}
        </select></label>
        <label>{say("lookBack")} <select value={days} disabled={busy} onChange={(event) => setDays(Number(event.currentTarget.value))}>
          {SPANS.map((span) => <option key={span} value={span}>{span} {say("days")}</option>)}
        </select></label>
        {busy
          ? <button type="button" onClick={halt}>{say("stopIt")}</button>
          : <>
              <button type="button" class="main" onClick={() => void start(chosen, past, days)}>{say("tryAll")} ({count})</button>
              <button type="button" onClick={() => void start({}, past, days)}>{say("asItStands")}</button>
            </>}
      </div>
      {wrong && <Wrong wrong={wrong} />}
      {busy && <Progress standing={standing} />}
      {standing?.state === "stopped" && <p role="status" class="card">{say("sweepStopped")}</p>}
      {standing?.state === "failed" && <p class="wrong" role="alert"><strong>{standing.error}</strong> · {standing.remedy}</p>}
      {running && standing?.state === "done" && <Found rule={rule.id} running={running} standing={standing} knobs={rule.params} inForce={inForce} setting={setting} take={take} />}
    </section>
  );
}

function Progress({ standing }: { standing: Standing | null }) {
  const [reading, part] = [standing?.state !== "playing", standing?.part ?? 0];
  const left = !reading && part > 0.02 && standing ? (standing.took_ms / part) * (1 - part) : null;
  return (
    <p class="pair">
      <progress aria-label={say("sweep")} max={1} value={reading ? undefined : part} />
      <span class="num">{reading ? say("readingPast") : `${Math.round(part * 100)} %${left === null ? "" : ` · ${seconds(left)} ${say("left")}`}`}</span>
    </p>
  );
}

const seconds = (ms: number): string => (ms < 90_000 ? `${Math.max(1, Math.round(ms / 1000))} s` : length(ms));

const share = ({ value, low, high }: Share): string => (value === null ? "–" : `${value.toFixed(2)} [${(low ?? 0).toFixed(2)}–${(high ?? 1).toFixed(2)}]`);

function written(set: Settings, knobs: Knob[]): string {
  return Object.entries(set).map(([name, value]) => `${name} = ${value}${typeof value === "number" ? ` ${unit(knobs.find((knob) => knob.name === name)?.unit ?? "")}`.trimEnd() : ""}`).join(", ");
}

interface FoundProps { rule: string; running: Running; standing: Standing; knobs: Knob[]; inForce: Settings; setting: Settings; take: (set: Settings) => void }

function Found({ rule, running, standing, knobs, inForce, setting, take }: FoundProps) {
  const { points } = standing;
  const told = `${standing.events} ${say("events")} · ${standing.observations.toLocaleString()} ${say("observationsRead")} · ${seconds(standing.took_ms)}`;
  return (
    <div class="columns even">
      <div>
        <h3>{running.names.join(", ") || say("asItStands")}</h3>
        <Cloud points={points} knobs={knobs} inForce={inForce} setting={setting} take={take} events={standing.events} />
        <p class="mut" role="status">{told}</p>
        <p><a href={reportOf(rule, running.id)} download>{say("report")} (HTML)</a></p>
        {standing.events === 0 && <p class="card">{say("noEvents")}</p>}
      </div>
      <div class="scroll" role="group" aria-label={say("sweep")} tabIndex={0}><table class="sweep">
        <thead><tr><th scope="col">{running.names.join(", ")}</th><th scope="col"><span class="off">{say("takeSetting")}</span></th><th scope="col" class="num">{say("caught")}</th><th scope="col" class="num">{say("missed")}</th><th scope="col" class="num">{say("falseAlarms")}</th><th scope="col" class="num">{say("medianLead")}</th><th scope="col"><abbr title={say("podMeans")}>POD</abbr></th><th scope="col"><abbr title={say("farMeans")}>FAR</abbr></th><th scope="col" class="num">{say("aWeek")}</th></tr></thead>
        <tbody>{points.map((point) => (
          <tr key={JSON.stringify(point.set)} class={is(point, setting) ? "taken" : ""}>
            <th scope="row">{Object.values(point.set).join(", ") || say("asItStands")}{is(point, inForce) && <span class="mut"> ◆ {say("inForceNow")}</span>}{is(point, setting) && <span class="mut"> ◉ {say("onSliders")}</span>}</th>
            <td>{!is(point, setting) && Object.keys(point.set).length > 0 && <button type="button" class="small" aria-label={`${say("takeSetting")}: ${written(point.set, knobs)}`} onClick={() => take(point.set)}>{say("takeSetting")}</button>}</td>
            <td class="num">{point.catches}</td><td class="num">{point.misses}</td><td class="num">{point.false_alarms}</td><td class="num">{point.lead_s === null ? "–" : length(point.lead_s * 1000)}</td>
            <td class="num">{share(point.pod)}</td><td class="num">{share(point.far)}</td><td class="num">{point.per_week === null ? "–" : point.per_week.toFixed(1)}</td>
          </tr>
        ))}</tbody>
      </table></div>
    </div>
  );
}

// On a telephone the drawing is smaller, so that its letters are not.
const [WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM] = [innerWidth < 640 ? 300 : 420, innerWidth < 640 ? 260 : 300, 46, 14, 16, 44];

/** Whole numbers along an axis, few enough to be read. */
function ticks(most: number): number[] {
  const step = Math.max(1, Math.ceil(most / 6));
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, n) => n * step);
}

interface CloudProps { points: Point[]; knobs: Knob[]; inForce: Settings; setting: Settings; take: (set: Settings) => void; events: number }

/** Catches against false alarms: up and to the left is better. */
function Cloud({ points, knobs, inForce, setting, take, events }: CloudProps) {
  const all = spots(points);
  const [mostFalse, mostCaught] = [Math.max(1, ...all.map((one) => one.falseAlarms)), Math.max(1, events)];
  const x = (count: number): number => LEFT + 14 + (count / mostFalse) * (WIDTH - LEFT - RIGHT - 28);
  const y = (count: number): number => HEIGHT - BOTTOM - 12 - (count / mostCaught) * (HEIGHT - TOP - BOTTOM - 24);
  const label = (spot: Spot): string => {
    const each = spot.points.map((point) => Object.values(point.set).join(", "));
    return each.length > 2 ? `${each[0]} … ${each.at(-1)}` : each.join("; ");
  };
  // Of labels that would lie over each other the first is drawn: the table has all of them.
  const labelled: [number, number][] = [];
  const isFree = (left: number, top: number): boolean => {
    const free = labelled.every(([x, y]) => Math.abs(x - left) > 70 || Math.abs(y - top) > 14);
    if (free) labelled.push([left, top]);
    return free;
  };
  return (
    <svg class="cloud" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label={`${say("caught")} / ${say("falseAlarms")}`}>
      {ticks(mostFalse).map((count) => <g key={`x${count}`}><path class="grid" d={`M${x(count)} ${TOP}V${HEIGHT - BOTTOM}`} /><text x={x(count)} y={HEIGHT - BOTTOM + 15} text-anchor="middle">{count}</text></g>)}
      {ticks(mostCaught).map((count) => <g key={`y${count}`}><path class="grid" d={`M${LEFT} ${y(count)}H${WIDTH - RIGHT}`} /><text x={LEFT - 6} y={y(count) + 4} text-anchor="end">{count}</text></g>)}
      <text class="name" x={(LEFT + WIDTH - RIGHT) / 2} y={HEIGHT - 8} text-anchor="middle">{say("falseAlarms")} →</text>
      <text class="name" transform={`translate(12 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`} text-anchor="middle">{say("caught")} →</text>
      {all.map((spot) => {
        const [now, taken] = [spot.points.some((point) => is(point, inForce)), spot.points.some((point) => is(point, setting))];
        const best = spot.points.find((point) => is(point, setting)) ?? spot.points.find((point) => is(point, inForce)) ?? spot.points[Math.floor(spot.points.length / 2)];
        const [left, top] = [x(spot.falseAlarms), y(spot.catches)];
        const what = `${spot.catches} ${say("caught")}, ${spot.falseAlarms} ${say("falseAlarms")}: ${spot.points.map((point) => written(point.set, knobs)).slice(0, 6).join("; ")}${now ? ` (${say("inForceNow")})` : ""}`;
        const act = (): void => { if (best) take(best.set); };
        return (
          <g key={`${spot.falseAlarms}/${spot.catches}`}>
          <g class={`spot${taken ? " taken" : ""}`} role="button" tabindex={0} aria-label={`${say("takeSetting")}: ${what}`} aria-pressed={taken}
            onClick={act} onKeyDown={(event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); act(); } }}>
            <title>{what}</title>
            <circle cx={left} cy={top} r={14} class="reach" />
            {now && <path class="now" d={`M${left} ${top - 13}l13 13-13 13-13-13z`} />}
            <circle cx={left} cy={top} r={taken ? 8 : 6} />
          </g>
          {/* Beside the button, whose name says all of it. */}
          {isFree(left, top) && <text class="value" aria-hidden="true" x={left > WIDTH / 2 ? left - 16 : left + 16} y={top - 8} text-anchor={left > WIDTH / 2 ? "end" : "start"}>{label(spot)}</text>}
          </g>
        );
      })}
    </svg>
  );
}
