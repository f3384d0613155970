// Questions before something is done: a dialog that says what will happen and takes a reason. The browser's own dialog
// keeps the focus inside and gives it back.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Refusal } from "./api";
import { type Key, say } from "./words";

/** Remedies that only a program can follow: they name a path, a method or a header. */
const FOR_PROGRAMS = /\/api\/v1|\b(GET|POST|PUT|DELETE) |x-bongsu|\bIf-(None-)?Match\b|[Ii]f-match/;
/** What a person does instead, by the status of the refusal. */
const FOR_PEOPLE: Partial<Record<number, Key>> = { 401: "logInAgain", 403: "reloadPage", 404: "reloadPage", 409: "reloadPage", 412: "reloadPage", 428: "reloadPage" };

export function remedyOf(wrong: Error): string {
  if (!(wrong instanceof Refusal)) return "";
  if (!FOR_PROGRAMS.test(wrong.remedy)) return wrong.remedy;
  const word = FOR_PEOPLE[wrong.status];
  return word ? say(word) : "";
}

/** What was refused and what to do instead. */
export function Wrong({ wrong }: { wrong: Error }) {
  const remedy = remedyOf(wrong);
  return <p class="wrong" role="alert"><strong>{wrong.message}</strong>{remedy && <> · {remedy}</>}</p>;
}

export interface AskProps {
  title: string;
  confirm: string;
  /** A reason that only has to be confirmed; `null`: no reason is asked for. */
  reason: string | null;
  children?: ComponentChildren;
  act: (reason: string) => Promise<unknown>;
  close: (done: boolean) => void;
}

export function Ask({ title, confirm, reason, children, act, close }: AskProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState(reason ?? "");
  const [wrong, setWrong] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    try {
      await act(text);
      dialog.current?.close();
      close(true);
    } catch (refused) {
      setWrong(refused as Error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby="ask" onCancel={() => close(false)}>
      <form method="dialog" onSubmit={submit}>
        <h2 id="ask">{title}</h2>
        {children}
        {reason !== null && (
          <label>{say("reason")}
            <textarea required rows={3} value={text} onInput={(event) => setText(event.currentTarget.value)} />
          </label>
        )}
        {wrong && <Wrong wrong={wrong} />}
        <p class="buttons">
          <button type="submit" class="main" disabled={busy}>{confirm}</button>
          <button type="button" onClick={() => { dialog.current?.close(); close(false); }}>{say("cancelled")}</button>
        </p>
      </form>
    </dialog>
  );
}
