// A rule's own proof: the cases beside it, played with the text that is being written, each with what it measured and said.

import { useEffect, useState } from "preact/hooks";
import { part, post } from "../api";
import { Wrong } from "../ask";
import type { Rule } from "../rule";
import { useMay } from "../session";
import { say } from "../words";
import { draftOf } from "./write";

interface Case { name: string; kind: "true" | "near_miss" | "sensor_fault" | "silence"; passes: boolean; failures: string[]; chart: string }
interface Cases { file: string | null; cases: Case[] }

const KINDS: Record<Case["kind"], Parameters<typeof say>[0]> = { true: "caseTrue", near_miss: "caseNearMiss", sensor_fault: "caseFault", silence: "caseSilence" };

export function Proof({ rule }: { rule: Rule }) {
  const may = useMay("rule_author");
  const draft = draftOf(rule.id);
  const [found, setFound] = useState<Cases | null>(null);
  const [wrong, setWrong] = useState<Error | null>(null);
  const [turn, again] = useState(0);
  useEffect(() => {
    if (!may) return undefined;
    let wanted = true;
    setFound(null);
    setWrong(null);
    post<Cases>(`/rules/${part(rule.id)}/cases`, draft === null ? {} : { text: draft })
      .then((answer) => { if (wanted) setFound(answer); }, (refused: Error) => { if (wanted) setWrong(refused); });
    return () => { wanted = false; };
  }, [rule.id, rule.version, draft, turn]);
  const failed = found?.cases.filter((one) => !one.passes).length ?? 0;
  return (
    <section aria-labelledby="proof">
      <h2 id="proof">{say("cases")} {found?.file && <code class="mut">{found.file}</code>}</h2>
      <p>{say("casesText")} <strong>{draft === null ? say("casesOfText") : say("casesOfDraft")}</strong></p>
      {!may && <p>{say("onlyAuthors")}</p>}
      {wrong && <Wrong wrong={wrong} />}
      {may && !found && !wrong && <p role="status">{say("playingCases")}</p>}
      {found?.cases.length === 0 && <p class="card">{say("noCases")}</p>}
      {found && found.cases.length > 0 && <p role="status" class="verdictline">{found.cases.length - failed} / {found.cases.length} {say("casesPass")}</p>}
      <ul class="cases">{[...(found?.cases ?? [])].sort((one, other) => Number(one.passes) - Number(other.passes)).map((one) => (
        <li key={one.name} class={`card ${one.passes ? "passes" : "fails"}`}>
          <details open={!one.passes}>
            <summary>{one.passes ? "✓" : "✗"} {say(one.passes ? "passes" : "fails")} · {one.name} <span class="mut">{say(KINDS[one.kind])}</span></summary>
            {one.failures.map((failure) => <p key={failure}><strong>{failure}</strong></p>)}
            <pre class="drawn" role="img" tabIndex={0} aria-label={`${say("chart")}: ${one.name}`}>{one.chart}</pre>
          </details>
        </li>
      ))}</ul>
      {may && <p class="buttons"><button type="button" onClick={() => again(turn + 1)}>{say("playAgain")}</button></p>}
    </section>
  );
}
