// A rule's text: written here, checked by the server at each pause, and submitted to a second person.

import { useEffect, useState } from "preact/hooks";
import { part, post, put, Refusal } from "../api";
import { Ask, Wrong } from "../ask";
import { Code } from "../code";
import type { Change, Diagnostic, Mode, Rule } from "../rule";
import { useMay } from "../session";
import { say } from "../words";
import { modeWord } from "./rules";
import { Changes } from "./workbench";

const PAUSE_MS = 400;
/** What was written and not submitted, by rule: another view and back must not cost it. */
const drafts = new Map<string, { text: string; base: string }>();

/** A rule's text as somebody is writing it here; null: nobody is. */
export const draftOf = (rule: string): string | null => drafts.get(rule)?.text ?? null;

interface Checked { good: boolean; diagnostics: Diagnostic[]; changes: Change[] }

export function Write({ rule, reload }: { rule: Rule; reload: () => void }) {
  const may = useMay("rule_author");
  const draft = drafts.get(rule.id);
  // Null: nobody writes here, and what is in force is shown.
  const [own, setOwn] = useState<string | null>(draft?.text ?? null);
  const text = own ?? rule.text;
  // The version that the text was made of: what is submitted must name it, whatever has come since.
  const [base, setBase] = useState(draft?.base ?? rule.version);
  const [checked, setChecked] = useState<Checked | null>(null);
  const [wrong, setWrong] = useState<Error | null>(null);
  const [given, setGiven] = useState(0);
  const [asking, setAsking] = useState(false);
  const [sent, setSent] = useState(false);
  const changed = text !== rule.text;
  const stale = base !== rule.version;
  useEffect(() => {
    if (text === rule.text) drafts.delete(rule.id);
    else drafts.set(rule.id, { text, base });
    if (!may || text === rule.text) return setChecked(null);
    let wanted = true;
    const timer = setTimeout(() => {
      post<Checked>(`/rules/${part(rule.id)}/check`, { text })
        .then((answer) => { if (wanted) { setChecked(answer); setWrong(null); } }, (refused) => { if (wanted) setWrong(refused); });
    }, PAUSE_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [text, rule.text, base]);
  useEffect(() => {
    if (own !== null) return;
    setBase(rule.version);
    setGiven((before) => before + 1);
  }, [own === null, rule.text]);
  const drop = (): void => { setOwn(null); setBase(rule.version); setGiven(given + 1); };
  const type = (typed: string): void => { setOwn(typed === rule.text && base === rule.version ? null : typed); setSent(false); };
  const submit = async (reason: string): Promise<void> => {
    try {
      await put(`/rules/${part(rule.id)}`, { text, reason }, { seen: base });
    } catch (refused) {
      // Somebody was faster: what is in force now is read, and nothing that was written here is lost.
      if (refused instanceof Refusal && refused.status === 412) reload();
      throw refused;
    }
  };
  return (
    <section aria-labelledby="code">
      <h2 id="code">{say("ruleText")} <code class="mut">{rule.file}</code></h2>
      {!may && <p>{say("onlyAuthors")}</p>}
      {stale && changed && (
        <p class="band past" role="alert">{say("editRace")} <button type="button" onClick={() => setBase(rule.version)}>{say("readIt")}</button></p>
      )}
      {wrong && <Wrong wrong={wrong} />}
      <Code rule={rule} text={text} given={given} change={type} found={checked?.diagnostics ?? []} />
      {sent && <p role="status" class="card">{say("submitted")}</p>}
      {changed && checked && <><h3>{say("diff")}</h3><Changes changes={checked.changes} /></>}
      {may && (
        <p class="buttons">
          <button type="button" class="main" disabled={!changed || stale || !checked?.good} onClick={() => setAsking(true)}>{say("submit")}</button>
          <button type="button" disabled={!changed} onClick={drop}>{say("throwAway")}</button>
          <span class="mut" role="status">{changed ? (checked ? (checked.good ? say("noMistakes") : `${checked.diagnostics.length} ${say("mistakes")}`) : say("checking")) : ""}</span>
        </p>
      )}
      {may && <ModeForm rule={rule} reload={reload} />}
      {asking && (
        <Ask title={say("submit")} confirm={say("submit")} reason="" act={submit}
          close={(done) => { setAsking(false); if (done) { drop(); setSent(true); reload(); } }}>
          <p>{say("submitText")}</p><Changes changes={checked?.changes ?? []} />
        </Ask>
      )}
    </section>
  );
}

const MODES: Mode[] = ["shadow", "propose", "live"];

function ModeForm({ rule, reload }: { rule: Rule; reload: () => void }) {
  const [mode, setMode] = useState<Mode | null>(null);
  return (
    <>
      <h3>{say("mode")}</h3>
      <p>{say("modeText")}</p>
      <p class="buttons">{MODES.filter((one) => one !== rule.mode).map((one) => <button key={one} type="button" onClick={() => setMode(one)}>{modeWord(one)}</button>)}</p>
      {mode && (
        <Ask title={`${say("mode")}: ${modeWord(mode)}`} confirm={say("submit")} reason=""
          act={(reason) => post(`/rules/${part(rule.id)}/mode`, { mode, reason }, { seen: rule.version })}
          close={(done) => { setMode(null); if (done) reload(); }}><p>{say("submitText")}</p></Ask>
      )}
    </>
  );
}
