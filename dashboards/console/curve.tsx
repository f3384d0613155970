// What a datastream said over a span, as it is to be read: a curve of what has a height, bars of what adds up.

import { isAmount } from "./amount";
import { Bars } from "./bars";
import { Chart } from "./chart";
import type { Drawn } from "./drawing";
import { say } from "./words";

export function Curve(props: Drawn) {
  const { stream } = props;
  if (!isAmount(stream)) return <Chart {...props} />;
  return (
    <>
      <Bars {...props} />
      {stream.nature === "counter" && <details><summary>{say("totalCurve")}</summary><p class="mut">{say("totalMeans")}</p><Chart {...props} /></details>}
    </>
  );
}
