// The library of rules: what watches the city, in which mode, since when and by whom.

import { useState } from "preact/hooks";
import { part } from "../api";
import { Wrong } from "../ask";
import { hazardName } from "../hazard";
import { useLoaded } from "../live";
import { library, type Listed, type Mode } from "../rule";
import { moment } from "../time";
import { Link } from "../way";
import { pick, say } from "../words";

export const modeWord = (mode: Mode): string => say(mode === "live" ? "modeLive" : mode === "propose" ? "modePropose" : "modeShadow");

/** A mode by shape and word. */
export function ModeSign({ mode }: { mode: Mode }) {
  return <span class={`mode ${mode}`}>{mode === "live" ? "●" : mode === "propose" ? "◐" : "○"} {modeWord(mode)}</span>;
}

const fits = (rule: Listed, wanted: string): boolean =>
  [rule.id, rule.pack, hazardName(rule.hazard), ...Object.values(rule.title)].some((text) => text.toLowerCase().includes(wanted));

export function Rules() {
  const found = useLoaded(library, [], 30_000);
  const [wanted, setWanted] = useState("");
  const rules = (found.value?.rules ?? []).filter((rule) => fits(rule, wanted.trim().toLowerCase()));
  return (
    <main id="main">
      <h1>{say("rules")}</h1>
      <p>{say("rulesText")}</p>
      {found.wrong && <Wrong wrong={found.wrong} />}
      <label class="search">{say("search")} <input type="search" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} /></label>
      <div class="scroll tall" role="group" aria-label={say("rules")} tabIndex={0}>
        <table>
          <thead><tr><th scope="col">{say("rule")}</th><th scope="col">{say("hazard")}</th><th scope="col">{say("mode")}</th><th scope="col">{say("version")}</th><th scope="col">{say("params")}</th><th scope="col">{say("overrides")}</th></tr></thead>
          <tbody>{rules.map((rule) => (
            <tr key={rule.id}>
              <th scope="row"><Link to={`/rules/${part(rule.id)}`}>{pick(rule.title, rule.id)}</Link> <code class="mut">{rule.id}</code>
                {rule.waiting > 0 && <span class="count">{rule.waiting} {say("waitsForSecond")}</span>}</th>
              <td>{hazardName(rule.hazard)} <span class="mut">{say(rule.audience === "public" ? "forPublic" : "forOperators")}</span></td>
              <td><ModeSign mode={rule.mode} /></td>
              <td><code>{rule.version.slice(0, 8)}</code> <span class="mut">{rule.author} {moment(rule.since)}</span></td>
              <td class="num">{rule.params.length}</td><td class="num">{rule.overrides.length}</td>
            </tr>
          ))}</tbody>
        </table>
      </div>
    </main>
  );
}
