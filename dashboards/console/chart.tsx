// A hydrograph: the water, its bands of danger, what was not believed (hollow) and when nobody knows (shaded).

import { useMemo } from "preact/hooks";
import { type Level, LEVELS } from "./api";
import { along, BOTTOM, Clock, type Drawn, LEFT, Marks, NARROW, NoData, RIGHT, Scale, ticks, TOP, WIDTH } from "./drawing";
import { levelWord } from "./sign";
import { quantity } from "./time";
import { say } from "./words";

const HEIGHT = NARROW ? 230 : 280;
/** Points drawn: more cannot be told apart. */
const POINTS = 700;
const GAP_CADENCES = 3;

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

export function Chart({ name, stream, seen, from, to, marks = [] }: Drawn) {
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
  const x = (at: number): number => along(at, from, to);
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
      <Scale values={ticks(low, high, 5)} y={y} />
      <Clock from={from} to={to} height={HEIGHT} />
      {limits.filter(([, limit]) => limit < high).map(([level, limit], at) => (
        // Neighbouring limits are named at different sides, so that close ones can be read.
        <g key={level}><path class={`limit ${level}`} d={`M${LEFT} ${y(limit)}H${WIDTH - RIGHT}`} />
          <text class="name" x={at % 2 === 0 ? LEFT + 5 : WIDTH - RIGHT - 5} text-anchor={at % 2 === 0 ? "start" : "end"} y={y(limit) - 4}>{levelWord(level)} {quantity(limit, stream.unit)}</text></g>
      ))}
      <Marks marks={marks} from={from} to={to} height={HEIGHT} y={HEIGHT - BOTTOM - 5} />
      <path class="water" d={path} />
      {bad.map((point) => <circle key={point.at} class="bad" cx={x(point.at)} cy={inside(point.value)} r="3.5"><title>{say("rejectedPoint")}</title></circle>)}
      {last && <circle class="last" cx={x(last.at)} cy={y(last.value)} r="4" />}
    </svg>
  );
}
