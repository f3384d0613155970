// A rule's text in an editor; a plain field where the editor does not come.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Editor } from "./editor";
import { NONCE } from "./facts";
import type { Diagnostic, Rule } from "./rule";
import { pick, say } from "./words";

interface Props {
  rule: Pick<Rule, "id" | "inputs" | "params" | "words">;
  text: string;
  /** Another number: the text comes from elsewhere than from typing. */
  given: number;
  change: (text: string) => void;
  found: Diagnostic[];
}

export function Code({ rule, text, given, change, found }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | null>(null);
  const changed = useRef(change);
  changed.current = change;
  const [plain, setPlain] = useState(false);
  const [ready, setReady] = useState(false);
  useEffect(() => {
    let wanted = true;
    void import("/editor.js").then((made: typeof import("./editor")) => {
      if (!wanted || !place.current) return;
      const names = [...rule.inputs, ...rule.params].map(({ name }) => name);
      editor.current = made.open({ place: place.current, text, label: say("ruleText"), nonce: NONCE, words: rule.words, names, change: (typed) => changed.current(typed) });
      setReady(true);
    }).catch(() => setPlain(true));
    return () => {
      wanted = false;
      editor.current?.close();
      editor.current = null;
    };
  }, [rule.id]);
  // Not at each change of the text: it lags behind the fingers.
  useEffect(() => editor.current?.replace(text), [given, ready]);
  useEffect(() => {
    const own = found.filter((one) => one.file === null);
    editor.current?.mark(own.map((one) => ({
      line: one.line, column: one.column, endLine: one.end_line, endColumn: one.end_column, message: `${pick(one.message)} · ${pick(one.remedy)}`,
    })));
  }, [found, ready]);
  return (
    <>
      {plain
        ? <textarea class="code" aria-label={say("ruleText")} rows={24} spellcheck={false} value={text} onInput={(event) => change(event.currentTarget.value)} />
        : <div ref={place} class="editor">{!ready && <p>{say("loading")}</p>}</div>}
      {found.length > 0 && (
        <ul class="list mistakes" aria-label={say("mistakes")}>{found.map((one) => (
          <li key={`${one.file}${one.line}:${one.column}${one.message.en}`}>
            <button type="button" class="small" onClick={() => editor.current?.show(one.line)}>{one.file ?? say("line")} {one.line}:{one.column}</button>
            <strong>{pick(one.message)}</strong> <span>{pick(one.remedy)}</span>
          </li>
        ))}</ul>
      )}
    </>
  );
}
