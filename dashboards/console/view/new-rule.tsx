// A new rule: begun with one that is good already, written, checked by the server at each pause, and submitted. It is in
// shadow until it has been seen at work.

import { useEffect, useState } from "preact/hooks";
import { part, post, put, stations } from "../api";
import { Ask, Wrong } from "../ask";
import { Code } from "../code";
import { HAZARDS, hazardName } from "../hazard";
import { useLoaded } from "../live";
import { type Diagnostic, library, manual } from "../rule";
import { useMay } from "../session";
import { Link } from "../way";
import { say } from "../words";

const PAUSE_MS = 400;

/** What is being written: another view and back must not cost it. */
let kept: { id: string; text: string } | null = null;

export function NewRule() {
  const may = useMay("rule_author");
  const [begun, setBegun] = useState(kept);
  const [sent, setSent] = useState<string | null>(null);
  const keep = (now: typeof kept): void => { kept = now; setBegun(now); };
  return (
    <main id="main">
      <h1>{say("newRule")}</h1>
      <p>{say("newRuleText")} <Link to="/reference">{say("reference")}</Link></p>
      {!may && <p>{say("onlyAuthors")}</p>}
      {sent && <p role="status" class="card"><code>{sent}</code>: {say("newSubmitted")} <Link to="/rules">{say("rules")}</Link></p>}
      {may && !begun && <Begin begin={(id, text) => { setSent(null); keep({ id, text }); }} />}
      {may && begun && <Draft id={begun.id} first={begun.text} keep={(text) => { kept = { id: begun.id, text }; }} done={(submitted) => { keep(null); setSent(submitted ? begun.id : null); }} />}
    </main>
  );
}

function Begin({ begin }: { begin: (id: string, text: string) => void }) {
  const sensors = useLoaded(() => stations(), []);
  const shipped = useLoaded(library, []);
  const kinds = [...new Set((sensors.value?.stations ?? []).flatMap((one) => one.datastreams.map((stream) => stream.kind.split(".")[0] ?? "")))].sort();
  const [id, setId] = useState("");
  const [from, setFrom] = useState("");
  const [kind, setKind] = useState<string | null>(null);
  const [hazard, setHazard] = useState("river_flood");
  const [wrong, setWrong] = useState<Error | null>(null);
  const observed = kind ?? kinds[0] ?? "";
  const submit = (event: Event): void => {
    event.preventDefault();
    post<{ text: string }>(`/rules/${part(id)}/template`, from ? { from } : { kind: observed, hazard }).then(({ text }) => begin(id, text), setWrong);
  };
  return (
    <form class="narrow" onSubmit={submit}>
      <label>{say("ruleId")} <input required pattern="[A-Za-z0-9_\-]{1,64}" value={id} onInput={(event) => setId(event.currentTarget.value)} /></label>
      <label>{say("beginWith")} <select value={from} onChange={(event) => setFrom(event.currentTarget.value)}>
        <option value="">{say("oneLimit")}</option>
        {(shipped.value?.rules ?? []).map((rule) => <option key={rule.id} value={rule.id}>{say("copyOf")}: {rule.id}</option>)}
      </select></label>
      {!from && <label>{say("observes")} <select value={observed} onChange={(event) => setKind(event.currentTarget.value)}>{kinds.map((one) => <option key={one} value={one}>{one}</option>)}</select></label>}
      {!from && <label>{say("hazard")} <select value={hazard} onChange={(event) => setHazard(event.currentTarget.value)}>{HAZARDS.map((one) => <option key={one.id} value={one.id}>{hazardName(one.id)}</option>)}</select></label>}
      {wrong && <Wrong wrong={wrong} />}
      <p class="buttons"><button type="submit" class="main">{say("beginRule")}</button></p>
    </form>
  );
}

interface Checked { good: boolean; diagnostics: Diagnostic[] }

function Draft({ id, first, keep, done }: { id: string; first: string; keep: (text: string) => void; done: (submitted: boolean) => void }) {
  const [text, setText] = useState(first);
  const [checked, setChecked] = useState<Checked | null>(null);
  const [wrong, setWrong] = useState<Error | null>(null);
  const [asking, setAsking] = useState(false);
  const known = useLoaded(manual, []);
  const words = (known.value?.chapters ?? []).flatMap((chapter) => chapter.entries);
  useEffect(() => {
    let wanted = true;
    setChecked(null);
    const timer = setTimeout(() => {
      post<Checked>(`/rules/${part(id)}/check`, { text })
        .then((answer) => { if (wanted) { setChecked(answer); setWrong(null); } }, (refused: Error) => { if (wanted) setWrong(refused); });
    }, PAUSE_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [text]);
  return (
    <section aria-labelledby="code">
      <h2 id="code">{say("ruleText")} <code class="mut">{id}</code></h2>
      {wrong && <Wrong wrong={wrong} />}
      {known.value && <Code rule={{ id, inputs: [], params: [], words }} text={text} given={0} change={(typed) => { keep(typed); setText(typed); }} found={checked?.diagnostics ?? []} />}
      <p class="buttons">
        <button type="button" class="main" disabled={!checked?.good} onClick={() => setAsking(true)}>{say("submit")}</button>
        <button type="button" onClick={() => done(false)}>{say("throwAway")}</button>
        <span class="mut" role="status">{checked ? (checked.good ? say("noMistakes") : `${checked.diagnostics.length} ${say("mistakes")}`) : say("checking")}</span>
      </p>
      {asking && (
        <Ask title={`${say("newRule")}: ${id}`} confirm={say("submit")} reason="" act={(reason) => put(`/rules/${part(id)}`, { text, reason }, { fresh: true })}
          close={(submitted) => { setAsking(false); if (submitted) done(true); }}><p>{say("submitText")} {say("beginsInShadow")}</p></Ask>
      )}
    </section>
  );
}
