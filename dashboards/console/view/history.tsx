// What waits for a second person, what was decided, and every version that was in force, with the way back.

import type { ComponentChildren } from "preact";
import { useContext, useState } from "preact/hooks";
import { part, post } from "../api";
import { Ask, Wrong } from "../ask";
import { type Rule, type Settings, type Submission, defaultsOf } from "../rule";
import { OnlyThese } from "../roles";
import { Session, useMay } from "../session";
import { moment } from "../time";
import { type Key, say } from "../words";
import { Changes } from "./workbench";

const FATES: Record<Submission["state"], Key> = { waiting: "waitsForSecond", approved: "wasApproved", rejected: "rejected", withdrawn: "withdrawn" };

interface Props {
  rule: Rule;
  reload: () => void;
  /** Shows on the sliders what a submission would change. */
  look: (set: Settings) => void;
}

export function History({ rule, reload, look }: Props) {
  const may = useMay("rule_author");
  const [back, setBack] = useState<Rule["versions"][number] | null>(null);
  const waiting = rule.submissions.filter((one) => one.state === "waiting");
  const decided = rule.submissions.filter((one) => one.state !== "waiting");
  return (
    <>
      <section aria-labelledby="waiting">
        <h2 id="waiting">{say("submissions")}</h2>
        {waiting.length > 0 && !may && <OnlyThese ability="rules" />}
        {waiting.length === 0 && <p class="mut">{say("noSubmissions")}</p>}
        {waiting.map((one) => {
          const set = defaultsOf(rule, one.changes);
          return (
            <Waiting key={one.id} rule={rule.id} one={one} reload={reload}>
              <Changes changes={one.changes} />
              {set && <p><button type="button" onClick={() => look(set)}>{say("seeOnSliders")}</button></p>}
            </Waiting>
          );
        })}
        {decided.length > 0 && (
          <details><summary>{say("decidedOnes")} ({decided.length})</summary>
            <ul class="list">{decided.map((one) => (
              <li key={one.id}><strong>{say(FATES[one.state])}</strong> {one.author} {moment(one.time)} “{one.reason}” → {one.by} {moment(one.decided)} {one.answer && `“${one.answer}”`}</li>
            ))}</ul>
          </details>
        )}
      </section>
      <section aria-labelledby="versions">
        <h2 id="versions">{say("versions")}</h2>
        <ul class="list">{rule.versions.map((one, at) => (
          <li key={`${one.hash}${one.time}`}>
            <code>{one.hash ? one.hash.slice(0, 12) : say("notInForce")}</code> {one.author} {moment(one.time)} {one.reason && <span>“{one.reason}”</span>}
            {one.hash === rule.version
              ? <strong>{at === 0 ? say("inForceNow") : say("sameAsNow")}</strong>
              : one.hash && may && <button type="button" aria-label={`${say("goBack")}: ${one.hash.slice(0, 12)}`} onClick={() => setBack(one)}>{say("goBack")}</button>}
          </li>
        ))}</ul>
      </section>
      {back && (
        <Ask title={`${say("goBack")}: ${back.hash.slice(0, 12)}`} confirm={say("goBack")} reason=""
          act={(reason) => post(`/rules/${part(rule.id)}/rollback`, { hash: back.hash, reason }, { seen: rule.version })}
          close={(done) => { setBack(null); if (done) reload(); }}><p>{say("backText")}</p><Changes changes={back.changes} /></Ask>
      )}
    </>
  );
}

interface WaitingProps { rule: string; one: Pick<Submission, "id" | "author" | "time" | "reason" | "outdated">; reload: () => void; children: ComponentChildren }

/** A text that waits, with what it would change, for the second person and for its author. */
export function Waiting({ rule, one, reload, children }: WaitingProps) {
  const me = useContext(Session);
  const may = useMay("rule_author");
  const own = me?.user === one.author;
  const [wrong, setWrong] = useState<Error | null>(null);
  const [saying, setSaying] = useState(false);
  const path = `/rules/${part(rule)}/submissions/${one.id}`;
  return (
    <article class="card" aria-label={`${say("submissions")}: ${one.author} ${moment(one.time)}`}>
      <p><strong>{one.author}</strong> {moment(one.time)} “{one.reason}”</p>
      {one.outdated ? <p class="wrong">{say("outdated")}</p> : children}
      {wrong && <Wrong wrong={wrong} />}
      {may && (
        <p class="buttons">
          {own ? <span>{say("notByAuthor")}</span> : !one.outdated && <button type="button" class="main" onClick={() => void post(`${path}/approve`).then(reload, setWrong)}>{say("approveAndForce")}</button>}
          <button type="button" onClick={() => setSaying(true)}>{say(own ? "withdraw" : "reject")}</button>
        </p>
      )}
      {saying && <Ask title={say(own ? "withdraw" : "reject")} confirm={say(own ? "withdraw" : "reject")} reason="" act={(reason) => post(`${path}/reject`, { reason })} close={(done) => { setSaying(false); if (done) reload(); }} />}
    </article>
  );
}
