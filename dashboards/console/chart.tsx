// A hydrograph: the water, its bands of danger, what was not believed (hollow) and when nobody knows (shaded).

import { useMemo } from "preact/hooks";
import { type Level, LEVELS, type Observation, type Stream } from "./api";
import { levelWord } from "./sign";
import { clock, moment, quantity } from "./time";
import { say } from "./words";

// On a telephone the drawing is smaller, so that its letters are not.
const NARROW = innerWidth < 640;
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [NARROW ? 340 : 720, NARROW ? 230 : 280, 40, 10, 12, 26];
/** Points drawn: more cannot be told apart. */
const POINTS = 700;
const GAP_CADENCES = 3;

export interface ChartProps {
  name: string;
  stream: Stream;
  seen: Observation[];
  from: number;
  to: number;
  /** Moments to mark, with a word each. */
  marks?: { at: number; word: string }[];
}

interface Point { at: number; value: number }

/** Of each part of the span the highest: peaks are what a flood is about. */
function thin(points: Point[], from: number, to: number): Point[] {
  if (points.length <= POINTS) return points;
  const kept = new Map<number, Point>();
  for (const point of points) {
    const part = Math.floor(((point.at - from) / (to - from)) * POINTS);
    const before = kept.get(part);
    if (!before || point.value > before.value) kept.set(part, point);
  }
  return [...kept.values()].sort((one, other) => one.at - other.at);
}

export const ticks = (low: number, high: number, most: number): number[] => {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((step) => step >= rough) ?? rough;
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) found.push(value);
  return found;
};

/** That there is nothing to draw, and when there was something last. */
export const NoData = ({ stream }: { stream: Stream }) =>
  <p>{say("noData")} {stream.time ? `${say("noReadingSince")} ${moment(stream.time)}.` : `${say("neverHeard")}.`}</p>;

export function Chart({ name, stream, seen, from, to, marks = [] }: ChartProps) {
  const drawn = useMemo(() => {
    const all = seen.filter((one) => one.value !== null)
      .map((one) => ({ at: Date.parse(one.time), value: one.value as number, flag: one.flag }))
      .filter((one) => one.at >= from && one.at <= to);
    const good = thin(all.filter((one) => one.flag < 3), from, to);
    return { good, bad: all.filter((one) => one.flag >= 3).slice(-200), all };
  }, [seen, from, to]);
  const { good, bad, all } = drawn;
  if (all.length === 0) return <NoData stream={stream} />;

  const limits = LEVELS.flatMap((level) => {
    const limit = stream.levels[level];
    return limit === undefined ? [] : [[level, limit] as [Level, number]];
  });
  const values = (good.length > 0 ? good : all).map((point) => point.value);
  const peak = Math.max(...values);
  const next = limits.map(([, limit]) => limit).find((limit) => limit > peak);
  const [least, most] = [Math.min(...values, limits[0]?.[1] ?? Infinity), next ?? Math.max(peak, limits.at(-1)?.[1] ?? peak)];
  const room = Math.max((most - least) * 0.08, 0.05);
  const [low, high] = [least - room, most + room];
  const x = (at: number): number => LEFT + ((at - from) / Math.max(1, to - from)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const inside = (value: number): number => Math.min(Math.max(y(value), TOP), HEIGHT - BOTTOM);

  const gap = Math.max(stream.cadence_s * 1000 * GAP_CADENCES, ((to - from) / POINTS) * 2);
  const gaps: [number, number][] = [];
  let path = "";
  let before = from;
  good.forEach((point, at) => {
    const joined = at > 0 && point.at - before <= gap;
    if (!joined && point.at - before > gap) gaps.push([before, point.at]);
    path += `${joined ? "L" : "M"}${x(point.at).toFixed(1)} ${y(point.value).toFixed(1)}`;
    before = point.at;
  });
  if (to - before > gap) gaps.push([before, to]);

  const last = good.at(-1);
  const words = `${name}: ${say("lastValue")} ${quantity(last?.value, stream.unit)}. `
    + limits.map(([level, limit]) => `${levelWord(level)} ${quantity(limit, stream.unit)}`).join(", ");
  return (
    <svg class="hydrograph" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={words}>
      {limits.map(([level, limit], at) => {
        const above = limits[at + 1]?.[1] ?? high;
        const [top, bottom] = [inside(above), inside(limit)];
        return bottom - top > 0.5 && <rect class={`band ${level}`} x={LEFT} width={WIDTH - LEFT - RIGHT} y={top} height={bottom - top} />;
      })}
      {gaps.map(([start, end]) => (
        <rect class="gap" x={x(start)} width={Math.max(1, x(end) - x(start))} y={TOP} height={HEIGHT - TOP - BOTTOM}><title>{say("gap")}</title></rect>
      ))}
      {ticks(low, high, 5).map((value) => (
        <g key={value}><path class="grid" d={`M${LEFT} ${y(value)}H${WIDTH - RIGHT}`} />
          <text x={LEFT - 5} y={y(value) + 4} text-anchor="end">{Number(value.toFixed(4))}</text></g>
      ))}
      {(NARROW ? [0, 1] : [0, 0.25, 0.5, 0.75, 1]).map((share) => (
        <text key={share} x={LEFT + share * (WIDTH - LEFT - RIGHT)} y={HEIGHT - 8} text-anchor={share === 0 ? "start" : share === 1 ? "end" : "middle"}>
          {share === 0 ? moment(from) : clock(from + share * (to - from))}
        </text>
      ))}
      {limits.filter(([, limit]) => limit < high).map(([level, limit], at) => (
        // Neighbouring limits are named at different sides, so that close ones can be read.
        <g key={level}><path class={`limit ${level}`} d={`M${LEFT} ${y(limit)}H${WIDTH - RIGHT}`} />
          <text class="name" x={at % 2 === 0 ? LEFT + 5 : WIDTH - RIGHT - 5} text-anchor={at % 2 === 0 ? "start" : "end"} y={y(limit) - 4}>{levelWord(level)} {quantity(limit, stream.unit)}</text></g>
      ))}
      {marks.filter(({ at }) => at >= from && at <= to).map(({ at, word }) => (
        <g key={at}><path class="mark" d={`M${x(at)} ${TOP}V${HEIGHT - BOTTOM}`} />
          <text class="name" x={x(at)} y={HEIGHT - BOTTOM - 5} text-anchor={x(at) > WIDTH / 2 ? "end" : "start"} dx={x(at) > WIDTH / 2 ? -4 : 4}>{word}</text></g>
      ))}
      <path class="water" d={path} />
      {bad.map((point) => <circle key={point.at} class="bad" cx={x(point.at)} cy={inside(point.value)} r="3.5"><title>{say("rejectedPoint")}</title></circle>)}
      {last && <circle class="last" cx={x(last.at)} cy={y(last.value)} r="4" />}
    </svg>
  );
}
