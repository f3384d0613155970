// How good a setting was beside what is in force: a sentence for who glances, and the numbers behind it.

import type { Judged, Truth, Verdict } from "./rule";
import { levelWord } from "./sign";
import { length } from "./time";
import { say } from "./words";

export const truthWord = (truth: Truth): string =>
  truth === "people" ? say("peopleSaid") : truth === "agency" ? say("agencySaid") : `${say("limitReached")}: ${levelWord(truth)}`;

const VERDICTS: Record<Verdict, Parameters<typeof say>[0]> = { caught: "caught", late: "cameLate", false_alarm: "falseOne", unjudged: "nobodySaid" };
export const verdictWord = (verdict: Verdict): string => say(VERDICTS[verdict]);

/** A verdict by shape; what stands beside it says it in words. */
export function VerdictSign({ verdict, x = 0, y = 0 }: { verdict: Verdict | "missed"; x?: number; y?: number }) {
  const shapes: Record<Verdict | "missed", string> = {
    caught: "M0 5l3 4 6-8", late: "M5 1a4 4 0 1 0 .01 0M5 2.5v3l2 1", false_alarm: "M1 1l8 8m0-8l-8 8", unjudged: "M1 5h8", missed: "M5 0l5 5-5 5-5-5z",
  };
  return <path class={`verdict ${verdict}`} d={shapes[verdict]} transform={`translate(${x} ${y})`} />;
}

const lead = (judged: Judged): string => (judged.lead_s === null ? "–" : length(judged.lead_s * 1000));

/** What another setting changes, in a sentence. */
export function difference(now: Judged, wanted: Judged): string {
  const [alarms, caught] = [wanted.false_alarms - now.false_alarms, wanted.catches - now.catches];
  const by = (change: number): string => `${Math.abs(change)} ${say(change < 0 ? "fewer" : "moreOf")}`;
  if (alarms === 0 && caught === 0) return say("asGood");
  return [
    ...(alarms === 0 ? [] : [`${say("falseAlarms")}: ${by(alarms)}`]), caught === 0 ? say("noCatchLost") : `${say("catches")}: ${by(caught)}`,
  ].join(" · ");
}

interface ScoreProps {
  now: Judged;
  wanted: Judged;
  moved: boolean;
  /** These numbers are not those of the sliders yet. */
  stale: boolean;
  truth: Truth;
}

export function Score({ now, wanted, moved, stale, truth }: ScoreProps) {
  type Row = [string, Verdict | "missed" | null, (judged: Judged) => number | string];
  const late: Row = [say("ofThemLate"), "late", (judged) => judged.late];
  const unjudged: Row = [say("nobodySaid"), "unjudged", (judged) => judged.unjudged];
  const rows: Row[] = [
    [say("caught"), "caught", (judged) => judged.catches], [say("missed"), "missed", (judged) => judged.misses.length],
    ...(truth === "people" ? [] : [late]), [say("falseAlarms"), "false_alarm", (judged) => judged.false_alarms],
    ...(truth === "people" ? [unjudged] : []), [say("medianLead"), null, lead],
  ];
  return (
    <>
      {moved && <p class="verdictline" role="status">{stale ? say("counting") : difference(now, wanted)}</p>}
      <table class="score">
        <caption class="off">{say("howGood")}: {truthWord(truth)}</caption>
        <thead><tr><th scope="col">{truthWord(truth)}</th><th scope="col" class="num">{say("inForceNow")}</th><th scope="col" class="num">{say("withThese")}</th></tr></thead>
        <tbody>{rows.map(([name, sign, of]) => (
          <tr key={name} class={of(now) === of(wanted) ? "" : "differs"}><th scope="row">{sign && <svg viewBox="-1 -1 12 12" aria-hidden="true"><VerdictSign verdict={sign} /></svg>} {name}</th><td class="num">{of(now)}</td><td class="num">{of(wanted)}</td></tr>
        ))}</tbody>
      </table>
    </>
  );
}
