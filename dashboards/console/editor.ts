// The editor of rules: CodeMirror with the words of the rule language. It is a file of its own, which the console asks
// for when somebody opens a rule's code.

import { autocompletion, type Completion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { HighlightStyle, StreamLanguage, type StringStream, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import type { Text } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { basicSetup } from "codemirror";

export interface Word { call: string; meaning: string }
export interface Mark { line: number; column: number; endLine: number; endColumn: number; message: string }

export interface Wanted {
  place: HTMLElement;
  text: string;
  label: string;
  nonce: string;
  words: Word[];
  /** Inputs and parameters of the rule. */
  names: string[];
  change: (text: string) => void;
}

export interface Editor {
  replace: (text: string) => void;
  mark: (marks: Mark[]) => void;
  show: (line: number) => void;
  close: () => void;
}

const KEYWORDS = /^(?:if|else|let|const|switch|true|false)\b/;
const CALLS = /^(?:check|any|all|at_least|not|raise|abs)\b/;

interface State { header: boolean }

/** One piece of a rule: its header is TOML behind `//!`, its body a few sentences. */
function token(stream: StringStream, state: State): string | null {
  if (stream.sol()) {
    state.header = stream.match("//!") !== null;
    if (state.header) return "meta";
  }
  if (stream.eatSpace()) return null;
  if (stream.match(/^"(?:[^"\\]|\\.)*"?/)) return "string";
  if (state.header) {
    if (stream.match(/^#.*/)) return "comment";
    if (stream.match(/^\[[\w.]+\]/)) return "heading";
    if (stream.match(/^[\w-]+(?=\s*=)/)) return "propertyName";
  } else if (stream.match(/^\/\/.*/)) return "comment";
  if (stream.match(/^-?\d+(?:\.\d+)?/)) return "number";
  if (stream.match(KEYWORDS)) return "keyword";
  if (stream.match(CALLS) || stream.match(/^\w+(?=\()/)) return "propertyName";
  if (stream.match(/^\w+/)) return "variableName";
  stream.next();
  return null;
}

const language = StreamLanguage.define<State>({ name: "rule", startState: () => ({ header: false }), token, languageData: { commentTokens: { line: "//" } } });

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--code-word)", fontWeight: "700" },
  { tag: tags.string, color: "var(--code-text)" },
  { tag: tags.number, color: "var(--code-number)" },
  { tag: tags.propertyName, color: "var(--code-name)" },
  { tag: tags.heading, color: "var(--code-word)", fontWeight: "700" },
  { tag: [tags.comment, tags.meta], color: "var(--mut)" },
]);

const look = EditorView.theme({
  "&": { color: "var(--fg)", backgroundColor: "var(--card)", border: "1px solid var(--edge)", borderRadius: ".35rem", maxHeight: "36rem" },
  "&.cm-focused": { outline: "3px solid var(--link)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "ui-monospace, monospace", fontSize: ".9rem", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--fg)" },
  "&.cm-focused .cm-cursor": { borderLeftColor: "var(--fg)" },
  ".cm-gutters": { backgroundColor: "var(--bg)", color: "var(--mut)", borderRight: "1px solid var(--rule)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--code-line)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--code-chosen)" },
  ".cm-matchingBracket": { backgroundColor: "var(--code-chosen)", outline: "1px solid var(--edge)" },
  ".cm-tooltip, .cm-panels": { color: "var(--fg)", backgroundColor: "var(--card)", border: "1px solid var(--edge)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--link)", color: "var(--card)" },
});

/** What can be written here: methods behind a dot, everything else before one. */
function completions(words: Word[], names: string[]): (context: CompletionContext) => CompletionResult | null {
  const options = words.map(({ call, meaning }): Completion & { method: boolean } => {
    const method = call.startsWith("input.") || call.startsWith("value.");
    const name = /^(?:input\.|value\.)?(\w+)/.exec(call)?.[1] ?? call;
    return { label: name, detail: call, info: meaning, type: method ? "method" : "function", method };
  });
  const own = names.map((label): Completion => ({ label, type: "variable" }));
  return (context) => {
    const before = context.matchBefore(/\.?\w*/);
    if (!before || (before.from === before.to && !context.explicit)) return null;
    const method = before.text.startsWith(".");
    const fitting = options.filter((option) => option.method === method);
    return { from: before.from + (method ? 1 : 0), options: method ? fitting : [...own, ...fitting], validFor: /^\w*$/ };
  };
}

const place = (text: Text, line: number, column: number): number => {
  const found = text.line(Math.min(Math.max(line, 1), text.lines));
  // Columns are counted in characters, and the editor counts in halves of them.
  const before = Array.from(found.text).slice(0, Math.max(0, column - 1)).join("");
  return Math.min(found.from + before.length, found.to);
};

export function open({ place: parent, text, label, nonce, words, names, change }: Wanted): Editor {
  // What is put in from outside was not typed.
  let typed = true;
  const view = new EditorView({
    parent,
    doc: text,
    extensions: [
      basicSetup, language, syntaxHighlighting(colours), look, lintGutter(), EditorView.lineWrapping, EditorView.cspNonce.of(nonce),
      EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", tabindex: "0" }),
      autocompletion({ override: [completions(words, names)] }),
      EditorView.updateListener.of((update) => { if (update.docChanged && typed) change(update.state.doc.toString()); }),
    ],
  });
  return {
    replace: (wanted) => {
      typed = false;
      if (wanted !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: wanted } });
      typed = true;
    },
    mark: (marks) => {
      const { doc } = view.state;
      const found = marks.map((mark) => {
        const from = place(doc, mark.line, mark.column);
        return { from, to: Math.max(from, place(doc, mark.endLine, mark.endColumn)), severity: "error" as const, message: mark.message };
      });
      view.dispatch(setDiagnostics(view.state, found));
    },
    show: (line) => {
      const at = place(view.state.doc, line, 1);
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
      view.focus();
    },
    close: () => view.destroy(),
  };
}
