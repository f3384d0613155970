// What a curve and bars have in common: how large they are, the values at their side, the clock below, and marked moments.

import type { Observation, Stream } from "./api";
import { clock, moment } from "./time";
import { say } from "./words";

// On a telephone the drawing is smaller, so that its letters are not.
export const NARROW = innerWidth < 640;
export const [WIDTH, LEFT, RIGHT, TOP, BOTTOM] = [NARROW ? 340 : 720, 40, 10, 12, 26];

export interface Drawn {
  name: string;
  stream: Stream;
  seen: Observation[];
  from: number;
  to: number;
  /** Moments to mark, with a word each. */
  marks?: { at: number; word: string }[];
}

/** Where a moment stands between two. */
export const along = (at: number, from: number, to: number): number => LEFT + ((at - from) / Math.max(1, to - from)) * (WIDTH - LEFT - RIGHT);

/** Round values between two, at most so many. */
export function ticks(low: number, high: number, most: number): number[] {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((step) => step >= rough) ?? rough;
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) found.push(value);
  return found;
}

/** That there is nothing to draw, and when there was something last. */
export const NoData = ({ stream }: { stream: Stream }) =>
  <p>{say("noData")} {stream.time ? `${say("noReadingSince")} ${moment(stream.time)}.` : `${say("neverHeard")}.`}</p>;

/** Values at the side, each with its line. */
export const Scale = ({ values, y }: { values: number[]; y: (value: number) => number }) => (
  <>{values.map((value) => (
    <g key={value}><path class="grid" d={`M${LEFT} ${y(value)}H${WIDTH - RIGHT}`} />
      <text x={LEFT - 5} y={y(value) + 4} text-anchor="end">{Number(value.toFixed(4))}</text></g>
  ))}</>
);

/** The clock below. */
export const Clock = ({ from, to, height }: { from: number; to: number; height: number }) => (
  <>{(NARROW ? [0, 1] : [0, 0.25, 0.5, 0.75, 1]).map((share) => (
    <text key={share} x={LEFT + share * (WIDTH - LEFT - RIGHT)} y={height - 8} text-anchor={share === 0 ? "start" : share === 1 ? "end" : "middle"}>
      {share === 0 ? moment(from) : clock(from + share * (to - from))}
    </text>
  ))}</>
);

interface MarksProps extends Required<Pick<Drawn, "marks" | "from" | "to">> {
  height: number;
  /** How high their words stand. */
  y: number;
}

/** Moments that are marked. */
export const Marks = ({ marks, from, to, height, y }: MarksProps) => (
  <>{marks.filter(({ at }) => at >= from && at <= to).map(({ at, word }) => {
    const x = along(at, from, to);
    return (
      <g key={at}><path class="mark" d={`M${x} ${TOP}V${height - BOTTOM}`} />
        <text class="name" x={x} y={y} text-anchor={x > WIDTH / 2 ? "end" : "start"} dx={x > WIDTH / 2 ? -4 : 4}>{word}</text></g>
    );
  })}</>
);
