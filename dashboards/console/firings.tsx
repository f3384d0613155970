// What a rule would have found over a span, place by place, beside what it found as it is in force: by shape and word, not
// by colour alone, and once more as a table.

import { useId } from "preact/hooks";
import { VerdictSign, verdictWord } from "./judged";
import type { Compared, Fate, Missed } from "./rule";
import { dateOf, day, length, moment, startOf } from "./time";
import { say } from "./words";

const NARROW = innerWidth < 640;
const [WIDTH, LEFT, RIGHT, ROW, HEAD] = [NARROW ? 340 : 860, NARROW ? 96 : 190, 8, 32, 22];
/** Places drawn; the table has all of them. */
const PLACES = 24;
const ROWS = 300;

const SIGNS: Record<Fate, string> = { same: "=", gained: "+", lost: "−" };
export const fateWord = (fate: Fate): string => say(fate);

interface Props { all: Compared[]; misses: Missed[]; from: number; to: number; name: (place: string) => string }

/** Names of gauges on one river begin alike: what is cut is their middle. */
const short = (text: string): string => {
  const most = NARROW ? 12 : 24;
  return text.length > most ? `${text.slice(0, most / 2 - 1).trimEnd()}…${text.slice(-most / 2).trimStart()}` : text;
};

/** The beginnings of some days, in the city's zone. */
function days(from: number, to: number): number[] {
  const DAY_MS = 86_400_000;
  const step = Math.max(1, Math.ceil((to - from) / DAY_MS / (NARROW ? 3 : 6)));
  const first = startOf(dateOf(from));
  // From noon to noon, so that a day of 23 or 25 hours is one, too.
  const all = Array.from({ length: Math.ceil((to - from) / DAY_MS / step) + 1 }, (_, n) => startOf(dateOf(first + (n * step + 0.5) * DAY_MS)));
  return all.filter((time) => time > from && time < to);
}

/** Where that moment can be seen again; the sliders stay as they are. */
const replayAt = (time: number, place: string): { href: string; target: string; rel: string } => ({ href: `/replay?${new URLSearchParams({ at: new Date(time).toISOString(), station: place })}`, target: "_blank", rel: "noopener" });

export function Firings({ all, misses, from, to, name }: Props) {
  const pattern = useId();
  const places = [...new Set([...misses, ...all].map((one) => one.place))];
  const drawn = places.slice(0, PLACES);
  if (places.length === 0) return <p class="card">{say("noFirings")}</p>;
  const height = HEAD + drawn.length * ROW + 6;
  const x = (time: number): number => LEFT + ((time - from) / Math.max(1, to - from)) * (WIDTH - LEFT - RIGHT);
  const count = (fate: Fate): number => all.filter((one) => one.fate === fate).length;
  const words = (["same", "gained", "lost"] as const).map((fate) => `${fateWord(fate)} ${count(fate)}`).join(", ");
  return (
    <>
      <ul class="fates" aria-hidden="true">{(["same", "gained", "lost"] as const).map((fate) => <li key={fate}><svg viewBox="0 0 34 16"><Bar fate={fate} x={1} y={3} width={32} pattern={pattern} /></svg> {SIGNS[fate]} {fateWord(fate)} {count(fate)}</li>)}</ul>
      <svg class="firings" viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={`${say("firings")}: ${words}`}>
        <defs><pattern id={pattern} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="paper" width="6" height="6" /><rect class="stripe" width="3" height="6" /></pattern></defs>
        {days(from, to).map((time) => <g key={time}><path class="grid" d={`M${x(time)} ${HEAD}V${height}`} /><text x={x(time)} y={14} text-anchor="middle">{day(time)}</text></g>)}
        {drawn.map((place, row) => (
          <g key={place} transform={`translate(0 ${HEAD + row * ROW})`}>
            <path class="grid" d={`M0 0H${WIDTH}`} />
            <text class="name" x={4} y={20}><title>{name(place)}</title>{short(name(place))}</text>
            {misses.filter((one) => one.place === place).map((one) => <g key={one.from}><title>{say("missed")}: {moment(one.from)}</title><VerdictSign verdict="missed" x={x(Math.max(from, Date.parse(one.from))) - 5} y={3} /></g>)}
            {all.filter((one) => one.place === place).map((one) => {
              const [start, end] = [Math.max(from, Date.parse(one.from)), one.to === null ? to : Date.parse(one.to)];
              // What lasted minutes is seen among weeks as well.
              const width = Math.max(6, x(end) - x(start));
              return <Bar key={`${one.from}${one.fate}`} fate={one.fate} x={Math.min(x(start), WIDTH - RIGHT - width)} y={15} width={width} pattern={pattern} verdict={one.fate === "lost" ? null : one.verdict} show={() => { const { href, target, rel } = replayAt(start, place); open(href, target, rel); }} />;
            })}
          </g>
        ))}
      </svg>
      <ul class="fates">{(["caught", "late", "false_alarm", "missed"] as const).map((one) => <li key={one}><svg viewBox="-1 -1 12 12" class="small" aria-hidden="true"><VerdictSign verdict={one} /></svg> {one === "missed" ? say("missed") : verdictWord(one)}</li>)}</ul>
      {places.length > PLACES && <p class="mut">{places.length - PLACES} {say("placesInTable")}</p>}
      <details>
        <summary>{say("asTable")} ({all.length + misses.length})</summary>
        <div class="scroll" role="group" aria-label={say("firings")} tabIndex={0}>
          <table>
            <thead><tr><th scope="col">{say("place")}</th><th scope="col">{say("onset")}</th><th scope="col">{say("until")}</th><th scope="col">{say("lasted")}</th><th scope="col">{say("compared")}</th><th scope="col">{say("worth")}</th></tr></thead>
            <tbody>{misses.slice(0, ROWS).map((one) => (
              <tr key={`missed${one.place}${one.from}`}><th scope="row">{name(one.place)}</th><td><a {...replayAt(Date.parse(one.from), one.place)} title={say("seeReplay")}>{moment(one.from)}</a></td><td>{moment(one.to)}</td><td class="num">{length(Date.parse(one.to) - Date.parse(one.from))}</td><td>–</td><td><strong>{say("missed")}</strong></td></tr>
            ))}{all.slice(0, ROWS).map((one) => (
              <tr key={`${one.place}${one.from}${one.fate}`} class={`fate ${one.fate}`}>
                <th scope="row">{name(one.place)}</th><td><a {...replayAt(Date.parse(one.from), one.place)} title={say("seeReplay")}>{moment(one.from)}</a></td><td>{one.to === null ? say("stillOn") : moment(one.to)}</td>
                <td class="num">{length((one.to === null ? to : Date.parse(one.to)) - Date.parse(one.from))}</td><td>{SIGNS[one.fate]} {fateWord(one.fate)}</td><td>{one.verdict ? verdictWord(one.verdict) : "–"}</td>
              </tr>
            ))}</tbody>
          </table>
        </div>
      </details>
    </>
  );
}

interface BarProps { fate: Fate; x: number; y: number; width: number; pattern: string; verdict?: Compared["verdict"]; show?: () => void }

/** A hand may point at it; the table below has the same as links. */
function Bar({ fate, x, y, width, pattern, verdict, show }: BarProps) {
  const fill = fate === "gained" ? { fill: `url(#${pattern})` } : {};
  return (
    <g class={`fate ${fate}${show ? " shows" : ""}`} onClick={show}>
      {show && <title>{verdict ? `${verdictWord(verdict)}: ` : ""}{say("seeReplay")}</title>}
      {verdict && <><VerdictSign verdict={verdict} x={x + width / 2 - 5} y={y - 12} /></>}
      <rect x={x} y={y} width={width} height={12} {...fill} />
      {fate !== "same" && width < 14 && !verdict && <path class="sign" d={fate === "gained" ? `M${x + width / 2 - 3} ${y - 4}h6m-3-3v6` : `M${x + width / 2 - 3} ${y - 4}h6`} />}
    </g>
  );
}

