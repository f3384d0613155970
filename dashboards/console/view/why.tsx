// Why it was decided, and beside it what the same checks and series say now. The evidence is that of the decision and
// stays so; what stands beside it is asked again every few seconds.

import { type Detail, type Explained, explained, type Heard, part, type Reason } from "../api";
import { useLayout } from "../gathered";
import { useLoaded } from "../live";
import { failedTests, flagWord } from "../quality";
import { Table } from "../table";
import { clock, comparison, moment, quantity } from "../time";
import { Link } from "../way";
import { pick, say } from "../words";

const EVERY_MS = 5_000;
/** Series listed at once: those behind the evidence, and those that say nothing, first. */
const LISTED = 8;

const RESULTS = { true: "●", unknown: "?", false: "○" } as const;
const resultWord = (result: Reason["result"]): string => say(result === "true" ? "reached" : result === "false" ? "notReached" : "unknown");

/** The same check of another evaluation: the same label, and which of those it is. */
const keysOf = (reasons: Reason[]): string[] => {
  const seen = new Map<string, number>();
  return reasons.map((reason) => {
    const label = JSON.stringify([reason.label, reason.op]);
    seen.set(label, (seen.get(label) ?? 0) + 1);
    return `${label} ${seen.get(label)}`;
  });
};

interface Names { stationOf: (id: string) => string }

/** Why a series gives a rule nothing; nothing where it does. */
function reasonOf({ state, usable, newest, kind }: Heard): string | null {
  switch (state) {
    case "known": return null;
    case "silent": return `${say("noReadingSince")} ${moment(usable?.time)}`;
    case "doubted": return `${say("notBelieved")}: ${failedTests(newest?.tests ?? {}) || flagWord(newest?.flag ?? 4)}`;
    case "never_heard": return say("neverHeard");
    case "no_station": return `${say("noStationWith")}: ${kind ?? say("any")}`;
  }
}

/** The same where the series is not named beside it. */
export function silenceOf(heard: Heard, { stationOf }: Names): string | null {
  const reason = reasonOf(heard);
  if (reason === null || heard.station === null) return reason;
  const said = heard.state === "doubted" ? `${quantity(heard.newest?.value, heard.unit)} (${moment(heard.newest?.time)}) ` : "";
  return `${stationOf(heard.station)} ${heard.kind ?? ""}: ${said}${reason}`;
}

/** A check as it came out; `because`: why it is not known. */
function Outcome({ reason, because }: { reason: Reason | undefined; because: string }) {
  if (!reason) return <>–</>;
  return (
    <>
      {reason.value === null ? null : <><span class="num">{quantity(reason.value, reason.unit)}</span>{" "}</>}
      <span class="nowrap">{RESULTS[reason.result]} {resultWord(reason.result)}</span>
      {reason.result === "unknown" && <span class="mut">: {reason.limit === null && reason.value !== null ? say("noLimitSet") : reason.value !== null ? say("atLeastSo") : because}</span>}
    </>
  );
}

/** Why a check cannot be decided now: its own station's series, or else any that says nothing. */
function becauseNow(reason: Reason | undefined, now: Explained, names: Names): string {
  const deaf = now.series.filter((heard) => heard.state !== "known" && !(heard.optional && heard.state === "no_station"));
  const own = deaf.filter((heard) => heard.station !== null && heard.station === reason?.station);
  const told = (own.length > 0 ? own : deaf).slice(0, 2).map((heard) => silenceOf(heard, names));
  return told.length > 0 ? told.join("; ") : say("tooFewReadings");
}

function Series({ series, first }: { series: Heard[]; first: Set<string> }) {
  const names = useLayout();
  const turn = (heard: Heard): number => (heard.station !== null && first.has(heard.station) ? 0 : heard.state === "known" ? 2 : 1);
  const told = [...series].sort((one, other) => turn(one) - turn(other));
  const table = (some: Heard[]) => (
    <Table class="why" label={say("seriesNow")} rows={some} keyOf={(heard) => `${heard.input} ${heard.station} ${heard.kind}`} columns={[
      { head: say("series"), cell: (heard) => <>{heard.station === null ? "–" : <Link to={`/station/${part(heard.station)}`}>{names.stationOf(heard.station)}</Link>} <code>{heard.kind ?? heard.input}</code></> },
      { head: say("lastValue"), class: "num", cell: ({ newest, unit }) => (newest ? quantity(newest.value, unit) : "–") },
      { head: say("time"), class: "num", cell: ({ newest }) => (newest ? moment(newest.time) : "–") },
      {
        head: say("flag"),
        cell: (heard) => {
          const wrong = reasonOf(heard);
          return <>{heard.newest ? flagWord(heard.newest.flag) : "–"}{wrong !== null && <> · <strong>{wrong}</strong></>}</>;
        },
      },
    ]} />
  );
  return (
    <>
      {table(told.slice(0, LISTED))}
      {told.length > LISTED && <details><summary>{say("more")} ({told.length - LISTED})</summary>{table(told.slice(LISTED))}</details>}
    </>
  );
}

/** When it was decided as it stands: what people did since changed the incident, and not what it was decided on. */
export const decidedAt = (detail: Detail): string =>
  [...(detail.timeline ?? [])].reverse().find((step) => step.cause === "rule")?.time ?? detail.updated;

export function Why({ detail }: { detail: Detail }) {
  const names = useLayout();
  const { evidence } = detail;
  const place = detail.station ?? detail.area;
  const decided = decidedAt(detail);
  const found = useLoaded(() => explained(detail.rule, place), [detail.rule, place, detail.updated], EVERY_MS);
  const now = found.value;
  const [then, of] = [keysOf(evidence), keysOf(now?.checks ?? [])];
  const order = { true: 0, unknown: 1, false: 2 };
  const rows = evidence.map((reason, at) => ({ at, reason, today: now?.checks[of.indexOf(then[at] as string)] }))
    .sort((one, other) => order[one.reason.result] - order[other.reason.result]);
  const stations = new Set(evidence.flatMap((reason) => (reason.station ? [reason.station] : [])));
  return (
    <section aria-labelledby="why">
      <h2 id="why">{say("why")}</h2>
      <p class="mut">{say("thenNow")}</p>
      {evidence.length === 0 ? <p>{say("noEvidence")}</p> : (
        <Table class="why" label={say("why")} rows={rows} keyOf={({ at }) => at} rowClass={({ reason }) => reason.result} columns={[
          { head: say("check"), cell: ({ reason }) => <>{pick(reason.label)}{reason.station && <><br /><Link to={`/station/${part(reason.station)}`}>{names.stationOf(reason.station)}</Link></>}</> },
          { head: say("limit"), class: "num", cell: ({ reason }) => `${comparison(reason.op)} ${quantity(reason.limit, reason.unit)}` },
          {
            head: `${say("then")} (${moment(decided)})`, label: `${say("then")} ${clock(decided)}`, class: ({ reason }) => reason.result,
            cell: ({ reason }) => <Outcome reason={reason} because={say("tooFewReadingsThen")} />,
          },
          {
            head: `${say("now")}${now ? ` (${clock(now.time)})` : ""}`, label: `${say("now")}${now ? ` ${clock(now.time)}` : ""}`, class: ({ today }) => today?.result ?? "",
            cell: ({ today }) => (now ? <Outcome reason={today} because={becauseNow(today, now, names)} /> : "–"),
          },
        ]} />
      )}
      {found.wrong && <p class="mut">{say("notAskedNow")} {found.wrong.message}</p>}
      {now?.failure && <p class="wrong">{say("ruleFails")}: {now.failure}</p>}
      {now && now.series.length > 0 && (
        <>
          <h3>{say("seriesNow")} <span class="mut">({clock(now.time)})</span></h3>
          <Series series={now.series} first={stations} />
        </>
      )}
    </section>
  );
}
