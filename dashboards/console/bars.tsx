// What came in each hour, as bars, with the same as a table: a running total says how long a gauge has stood there, not
// how hard it rains.

import { useMemo } from "preact/hooks";
import { type Part, partOf, parts } from "./amount";
import type { Observation, Stream } from "./api";
import { NoData, ticks } from "./chart";
import { clock, length, moment, quantity } from "./time";
import { say } from "./words";

const NARROW = innerWidth < 640;
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [NARROW ? 340 : 720, NARROW ? 200 : 220, 40, 10, 12, 26];

interface Props {
  name: string;
  stream: Stream;
  seen: Observation[];
  from: number;
  to: number;
  marks?: { at: number; word: string }[];
}

const written = (part: Part, unit: string): string =>
  part.sum === null ? say("gap") : `${part.partly ? "≥ " : ""}${quantity(part.sum, unit)}`;

export function Bars({ name, stream, seen, from, to, marks = [] }: Props) {
  const found = useMemo(() => parts(stream, seen, from, to), [stream, seen, from, to]);
  if (found.every((part) => part.sum === null)) return <NoData stream={stream} />;
  const each = length(partOf(to - from));
  const most = Math.max(1, ...found.map((part) => part.sum ?? 0)) * 1.08;
  const begins = found[0]?.from ?? from;
  const ends = found.at(-1)?.to ?? to;
  const x = (at: number): number => LEFT + ((at - begins) / Math.max(1, ends - begins)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / most) * (HEIGHT - TOP - BOTTOM);
  const last = found.at(-1);
  return (
    <figure class="bars">
      <figcaption>{say("eachPart")} {each} · {say(stream.nature === "counter" ? "counterMeans" : "amountMeans")}</figcaption>
      <svg class="hydrograph" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${name}: ${say("eachPart")} ${each}. ${say("lastValue")} ${last ? written(last, stream.unit) : ""}`}>
        {ticks(0, most, 4).map((value) => (
          <g key={value}><path class="grid" d={`M${LEFT} ${y(value)}H${WIDTH - RIGHT}`} />
            <text x={LEFT - 5} y={y(value) + 4} text-anchor="end">{Number(value.toFixed(4))}</text></g>
        ))}
        {found.map((part) => (part.sum === null
          ? <rect key={part.from} class="gap" x={x(part.from)} width={x(part.to) - x(part.from)} y={TOP} height={HEIGHT - TOP - BOTTOM}><title>{`${moment(part.from)}: ${say("gap")}`}</title></rect>
          : <rect key={part.from} class={part.partly ? "bar partly" : "bar"} x={x(part.from) + 1} width={Math.max(1, x(part.to) - x(part.from) - 2)} y={y(part.sum)} height={Math.max(0, HEIGHT - BOTTOM - y(part.sum))}><title>{`${moment(part.from)}–${clock(part.to)}: ${written(part, stream.unit)}`}</title></rect>))}
        {(NARROW ? [0, 1] : [0, 0.25, 0.5, 0.75, 1]).map((share) => (
          <text key={share} x={LEFT + share * (WIDTH - LEFT - RIGHT)} y={HEIGHT - 8} text-anchor={share === 0 ? "start" : share === 1 ? "end" : "middle"}>
            {share === 0 ? moment(begins) : clock(begins + share * (ends - begins))}
          </text>
        ))}
        {marks.filter(({ at }) => at >= begins && at <= ends).map(({ at, word }) => (
          <g key={at}><path class="mark" d={`M${x(at)} ${TOP}V${HEIGHT - BOTTOM}`} />
            <text class="name" x={x(at)} y={TOP + 12} text-anchor={x(at) > WIDTH / 2 ? "end" : "start"} dx={x(at) > WIDTH / 2 ? -4 : 4}>{word}</text></g>
        ))}
      </svg>
      <details>
        <summary>{say("asTable")}</summary>
        <div class="scroll" role="group" aria-label={say("eachPart")} tabIndex={0}><table>
          <thead><tr><th scope="col">{say("time")}</th><th scope="col">{say("value")}</th></tr></thead>
          <tbody>{[...found].reverse().map((part) => <tr key={part.from}><th scope="row">{moment(part.from)}–{clock(part.to)}</th><td class="num">{written(part, stream.unit)}</td></tr>)}</tbody>
        </table></div>
      </details>
    </figure>
  );
}
