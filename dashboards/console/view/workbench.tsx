// One rule at the workbench: its parameters as sliders over what it would have found in the past 30 days, its text, and
// who changed what.

import { useEffect, useState } from "preact/hooks";
import { Wrong } from "../ask";
import { hazardName } from "../hazard";
import { useLoaded } from "../live";
import { type Change, defaultsOf, rule as read, type Rule, type Settings } from "../rule";
import { moment } from "../time";
import { type Key, pick, say } from "../words";
import { History } from "./history";
import { Proof } from "./proof";
import { ModeSign } from "./rules";
import { Tune } from "./tune";
import { Write } from "./write";

/** How often is asked whether somebody else approved, took back, or submitted something. */
const EVERY_MS = 4_000;

type Bench = "tune" | "write" | "proof" | "history";
const BENCHES: [Bench, Key][] = [["tune", "tune"], ["write", "ruleText"], ["proof", "cases"], ["history", "versions"]];

/** What differs between two texts, key by key and sentence by sentence. */
export function Changes({ changes }: { changes: Change[] }) {
  if (changes.length === 0) return <p class="mut">{say("noChange")}</p>;
  return (
    <ul class="changes">{changes.map((change, at) => (
      <li key={at}><code class="what">{change.what === "body" ? say("sentence") : change.what}</code>
        {change.before !== null && <del><span class="off">{say("before")}: </span>− {change.before}</del>}
        {change.after !== null && <ins><span class="off">{say("after")}: </span>+ {change.after}</ins>}</li>
    ))}</ul>
  );
}

export function Workbench({ id }: { id: string }) {
  const found = useLoaded(() => read(id), [id], EVERY_MS);
  const [bench, setBench] = useState<Bench>("tune");
  const [offered, setOffered] = useState<Settings | null>(null);
  const look = (set: Settings): void => { setOffered({ ...set }); setBench("tune"); };
  // Whoever reads a submission elsewhere comes to see what it would change.
  const known = found.value !== null;
  useEffect(() => {
    const asked = found.value?.submissions.find((one) => String(one.id) === new URLSearchParams(location.search).get("try"));
    const set = found.value && asked ? defaultsOf(found.value, asked.changes) : null;
    if (set) look(set);
  }, [id, known]);
  if (!found.value) return <main id="main"><h1>{say("rule")}</h1>{found.wrong ? <Wrong wrong={found.wrong} /> : <p>{say("loading")}</p>}</main>;
  const rule: Rule = found.value;
  const waiting = rule.submissions.filter((one) => one.state === "waiting").length;
  return (
    <main id="main">
      <h1>{pick(rule.title, rule.id)}</h1>
      <p class="facts"><ModeSign mode={rule.mode} /> · {hazardName(rule.hazard)} · <code>{rule.id}</code> · {say("version")} <code>{rule.version.slice(0, 8)}</code> {rule.author} {moment(rule.since)}</p>
      {found.wrong && <Wrong wrong={found.wrong} />}
      <fieldset class="tools"><legend>{say("workbench")}</legend>
        {BENCHES.map(([name, word]) => (
          <label key={name}><input type="radio" name="bench" checked={bench === name} onChange={() => setBench(name)} />{say(word)}{name === "history" && waiting > 0 && <span class="count">{waiting} {say("waitsForSecond")}</span>}</label>
        ))}
      </fieldset>
      {/* Sliders that were moved, and a sweep at work, are still there after a look at something else. */}
      <div hidden={bench !== "tune"}><Tune rule={rule} reload={found.reload} offered={offered} /></div>
      {bench === "write" && <Write rule={rule} reload={found.reload} />}
      {bench === "proof" && <Proof rule={rule} />}
      {bench === "history" && <History rule={rule} reload={found.reload} look={look} />}
    </main>
  );
}
