// What came in each hour, as bars, with the same as a table: a running total says how long a gauge has stood there, not
// how hard it rains.

import { useMemo } from "preact/hooks";
import { type Part, partOf, parts } from "./amount";
import { along, BOTTOM, Clock, type Drawn, Marks, NARROW, NoData, Scale, ticks, TOP, WIDTH } from "./drawing";
import { clock, length, moment, quantity } from "./time";
import { say } from "./words";

const HEIGHT = NARROW ? 200 : 220;

const written = (part: Part, unit: string): string =>
  part.sum === null ? say("gap") : `${part.partly ? "≥ " : ""}${quantity(part.sum, unit)}`;

export function Bars({ name, stream, seen, from, to, marks = [] }: Drawn) {
  const found = useMemo(() => parts(stream, seen, from, to), [stream, seen, from, to]);
  if (found.every((part) => part.sum === null)) return <NoData stream={stream} />;
  const each = length(partOf(to - from));
  const most = Math.max(1, ...found.map((part) => part.sum ?? 0)) * 1.08;
  const begins = found[0]?.from ?? from;
  const ends = found.at(-1)?.to ?? to;
  const x = (at: number): number => along(at, begins, ends);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / most) * (HEIGHT - TOP - BOTTOM);
  const last = found.at(-1);
  return (
    <figure class="bars">
      <figcaption>{say("eachPart")} {each} · {say(stream.nature === "counter" ? "counterMeans" : "amountMeans")}</figcaption>
      <svg class="hydrograph" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${name}: ${say("eachPart")} ${each}. ${say("lastValue")} ${last ? written(last, stream.unit) : ""}`}>
        <Scale values={ticks(0, most, 4)} y={y} />
        {found.map((part) => (part.sum === null
          ? <rect key={part.from} class="gap" x={x(part.from)} width={x(part.to) - x(part.from)} y={TOP} height={HEIGHT - TOP - BOTTOM}><title>{`${moment(part.from)}: ${say("gap")}`}</title></rect>
          : <rect key={part.from} class={part.partly ? "bar partly" : "bar"} x={x(part.from) + 1} width={Math.max(1, x(part.to) - x(part.from) - 2)} y={y(part.sum)} height={Math.max(0, HEIGHT - BOTTOM - y(part.sum))}><title>{`${moment(part.from)}–${clock(part.to)}: ${written(part, stream.unit)}`}</title></rect>))}
        <Clock from={begins} to={ends} height={HEIGHT} />
        <Marks marks={marks} from={begins} to={ends} height={HEIGHT} y={TOP + 12} />
      </svg>
      <details>
        <summary>{say("asTable")}</summary>
        <div class="scroll" role="group" aria-label={say("eachPart")} tabIndex={0}><table class="slim">
          <thead><tr><th scope="col">{say("time")}</th><th scope="col">{say("value")}</th></tr></thead>
          <tbody>{[...found].reverse().map((part) => <tr key={part.from}><th scope="row">{moment(part.from)}–{clock(part.to)}</th><td class="num">{written(part, stream.unit)}</td></tr>)}</tbody>
        </table></div>
      </details>
    </figure>
  );
}
