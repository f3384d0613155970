// The texts of one rule that wait for a second person: what each would change, and who may put it in force.

import { useRef } from "preact/hooks";
import { part } from "../api";
import { Wrong } from "../ask";
import { useLoaded } from "../live";
import { type Review as Waits, reviews } from "../reviews";
import { OnlyThese } from "../roles";
import { isOfDefaults } from "../rule";
import { Link } from "../way";
import { pick, say } from "../words";
import { Waiting } from "./history";
import { Changes } from "./workbench";

const isNew = (one: Waits): boolean => Object.keys(one.title).length === 0;

export function Review({ rule }: { rule: string }) {
  const found = useLoaded(reviews, [rule], 15_000);
  // Its name is still known when nothing of it waits any more.
  const title = useRef(rule);
  const waiting = (found.value?.reviews ?? []).filter((one) => one.rule === rule);
  if (waiting[0]) title.current = pick(waiting[0].title, rule);
  return (
    <main id="main">
      <h1>{say("review")}: {title.current}</h1>
      {found.wrong && <Wrong wrong={found.wrong} />}
      {!found.value && !found.wrong && <p>{say("loading")}</p>}
      {found.value && waiting.length === 0 && <p role="status">{say("noSubmissions")}</p>}
      {waiting.length > 0 && !waiting.some((one) => one.for_you) && <OnlyThese ability="rules" />}
      {waiting.map((one) => (
        <Waiting key={one.id} rule={rule} one={one} reload={found.reload}>
          {isNew(one) ? <><p>{say("beginsInShadow")}</p><pre class="drawn" tabIndex={0} role="group" aria-label={say("ruleText")}>{one.text}</pre></> : <Changes changes={one.changes} />}
          {!isNew(one) && isOfDefaults(one.changes) && <p><Link to={`/rules/${part(rule)}?try=${one.id}`} class="button">{say("seeOnSliders")}</Link></p>}
        </Waiting>
      ))}
      <p class="buttons">{!waiting.some(isNew) && <Link to={`/rules/${part(rule)}`} class="button">{say("toWorkbench")}</Link>}<Link to="/rules" class="button">{say("rules")}</Link></p>
    </main>
  );
}
