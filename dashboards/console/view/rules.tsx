// The library of rules: what watches the city, in which mode, since when and by whom.

import { useState } from "preact/hooks";
import { part } from "../api";
import { Wrong } from "../ask";
import { hazardName } from "../hazard";
import { useLoaded } from "../live";
import { library, type Listed, type Mode } from "../rule";
import { OnlyThese } from "../roles";
import { useMay } from "../session";
import { Table } from "../table";
import { moment } from "../time";
import { Link } from "../way";
import { pick, say, tongue } from "../words";
import { Waiting } from "./history";

export const modeWord = (mode: Mode): string => say(mode === "live" ? "modeLive" : mode === "propose" ? "modePropose" : "modeShadow");

/** A mode by shape and word. */
export function ModeSign({ mode }: { mode: Mode }) {
  return <span class={`mode ${mode}`}>{mode === "live" ? "●" : mode === "propose" ? "◐" : "○"} {modeWord(mode)}</span>;
}

const fits = (rule: Listed, wanted: string): boolean =>
  [rule.id, rule.pack, hazardName(rule.hazard), ...Object.values(rule.title)].some((text) => text.toLowerCase().includes(wanted));

/** By title, wherever the text of a rule stands. */
const byTitle = (one: Listed, other: Listed): number =>
  pick(one.title, one.id).localeCompare(pick(other.title, other.id), tongue) || one.id.localeCompare(other.id);

export function Rules() {
  const found = useLoaded(library, [], 30_000);
  const may = useMay("rule_author");
  const [wanted, setWanted] = useState("");
  const rules = (found.value?.rules ?? []).filter((rule) => fits(rule, wanted.trim().toLowerCase())).sort(byTitle);
  const waits = (found.value?.new.length ?? 0) > 0 || (found.value?.rules ?? []).some((rule) => rule.waiting > 0);
  return (
    <main id="main">
      <h1>{say("rules")}</h1>
      <p>{say("rulesText")}</p>
      {found.wrong && <Wrong wrong={found.wrong} />}
      {waits && !may && <OnlyThese ability="rules" />}
      {(found.value?.new.length ?? 0) > 0 && (
        <section aria-labelledby="new">
          <h2 id="new">{say("newRules")}</h2>
          {found.value?.new.map((one) => (
            <Waiting key={one.id} rule={one.rule} one={{ ...one, outdated: false }} reload={found.reload}>
              <p><code>{one.rule}</code> · {say("beginsInShadow")}</p>
              <details><summary>{say("ruleText")}</summary><pre class="drawn" tabIndex={0} role="group" aria-label={`${say("ruleText")}: ${one.rule}`}>{one.text}</pre></details>
            </Waiting>
          ))}
        </section>
      )}
      <p class="buttons">{may && <Link to="/new-rule" class="button">{say("newRule")}</Link>}<Link to="/reference" class="button">{say("reference")}</Link></p>
      <label class="search">{say("search")} <input type="search" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} /></label>
      <Table tall label={say("rules")} rows={rules} keyOf={(rule) => rule.id} columns={[
        {
          head: say("rule"),
          cell: (rule) => <><Link to={`/rules/${part(rule.id)}`}>{pick(rule.title, rule.id)}</Link> <code class="mut">{rule.id}</code>
            {rule.waiting > 0 && <Link to={`/review/${part(rule.id)}`} class="count">{rule.waiting} {say("waitsForSecond")}</Link>}</>,
        },
        { head: say("hazard"), cell: (rule) => <>{hazardName(rule.hazard)} <span class="mut">{say(rule.audience === "public" ? "forPublic" : "forOperators")}</span></> },
        { head: say("mode"), cell: (rule) => <ModeSign mode={rule.mode} /> },
        { head: say("version"), cell: (rule) => <><code>{rule.version.slice(0, 8)}</code> <span class="mut">{rule.author} {moment(rule.since)}</span></> },
        { head: say("params"), class: "num", cell: (rule) => rule.params.length },
        { head: say("overrides"), class: "num", cell: (rule) => rule.overrides.length },
      ]} />
    </main>
  );
}
