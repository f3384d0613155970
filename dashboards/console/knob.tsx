// A parameter as a slider and a field beside it, with what is in force and what the rule says by itself.

import { useId } from "preact/hooks";
import type { Texts } from "./api";
import { equal, type Knob, type Setting, stops } from "./rule";
import { unit } from "./time";
import { say, tongue } from "./words";

interface Props {
  knob: Knob;
  value: Setting;
  inForce: Setting;
  move: (value: Setting) => void;
}

const shown = (value: Setting, knob: Knob): string => `${value}${typeof value === "number" && knob.unit ? ` ${unit(knob.unit)}` : ""}`;

export function Slider({ knob, value, inForce, move }: Props) {
  const id = useId();
  const moved = !equal(value, inForce);
  return (
    <div class={`knob${moved ? " moved" : ""}`} role="group" aria-labelledby={id}>
      <p class="name"><code id={id}>{knob.name}</code> <output>{shown(value, knob)}</output>{moved && <strong> ✎ {say("moved")}</strong>}</p>
      {typeof knob.default === "number"
        ? <Numbers knob={knob} value={Number(value)} move={move} id={id} />
        : <Lengths knob={knob} value={String(value)} inForce={inForce} move={move} />}
      <p class="mut">
        {say("inForceNow")} {shown(inForce, knob)} · {say("byDefault")} {shown(knob.default, knob)} · {shown(knob.min, knob)} – {shown(knob.max, knob)}
        {moved && <> <button type="button" class="small" onClick={() => move(inForce)}>{say("putBack")}</button></>}
      </p>
      <Meaning texts={knob.why} />
    </div>
  );
}

/** What it means, in the reader's language; in another where that one is missing, and then said to be so. */
function Meaning({ texts }: { texts: Texts }) {
  const language = texts[tongue] ? tongue : texts.en ? "en" : Object.keys(texts)[0];
  return language ? <p class="mut" lang={language}>{texts[language]}</p> : null;
}

function Numbers({ knob, value, move, id }: { knob: Knob; value: number; move: (value: Setting) => void; id: string }) {
  const [min, max] = [Number(knob.min), Number(knob.max)];
  const step = knob.step ?? "any";
  const take = (text: string): void => {
    const typed = Number(text);
    if (text !== "" && Number.isFinite(typed)) move(Math.min(Math.max(typed, min), max));
  };
  return (
    <div class="pair">
      <input type="range" aria-label={knob.name} aria-valuetext={shown(value, knob)} list={`${id}-marks`} min={min} max={max} step={step} value={value} onInput={(event) => take(event.currentTarget.value)} />
      <datalist id={`${id}-marks`}><option value={knob.default} /></datalist>
      <input type="number" aria-label={`${knob.name}: ${say("value")}`} min={min} max={max} step={step} value={value} onChange={(event) => take(event.currentTarget.value)} />
    </div>
  );
}

function Lengths({ knob, value, inForce, move }: Omit<Props, "value"> & { value: string }) {
  const all = stops(knob, inForce);
  const at = Math.max(0, all.findIndex((text) => equal(text, value)));
  return (
    <div class="pair">
      <input type="range" aria-label={knob.name} aria-valuetext={value} min={0} max={all.length - 1} step={1} value={at} onInput={(event) => move(all[Number(event.currentTarget.value)] ?? value)} />
      <select aria-label={`${knob.name}: ${say("value")}`} value={all[at]} onChange={(event) => move(event.currentTarget.value)}>
        {all.map((text) => <option key={text} value={text}>{text}</option>)}
      </select>
    </div>
  );
}
