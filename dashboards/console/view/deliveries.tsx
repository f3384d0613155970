// What left the house: each message for each recipient, and what became of it.

import { useState } from "preact/hooks";
import { get } from "../api";
import { Wrong } from "../ask";
import { useLoaded } from "../live";
import { moment } from "../time";
import { type Key, say } from "../words";

interface Delivery { id: number; channel: string; target: string; identifier: string; state: string; attempts: number; updated: string; detail: string }

const STATES: [string, Key][] = [["pending", "pending"], ["sent", "sent"], ["rejected", "refused"], ["expired", "expired"], ["superseded", "superseded"]];
const stateWord = (state: string): string => say(STATES.find(([known]) => known === state)?.[1] ?? "unknown");

export function Deliveries() {
  const [state, setState] = useState("");
  const [ends, setEnds] = useState<number[]>([]);
  const end = ends.at(-1);
  const query = new URLSearchParams({ ...(state ? { state } : {}), ...(end === undefined ? {} : { before: String(end) }) }).toString();
  const found = useLoaded(() => get<{ deliveries: Delivery[]; next: string | null }>(`/deliveries${query ? `?${query}` : ""}`), [query], 10_000);
  const all = found.value?.deliveries ?? [];
  const next = found.value?.next ? all.at(-1) : undefined;
  return (
    <main id="main">
      <h1>{say("deliveries")}</h1>
      {found.wrong && <Wrong wrong={found.wrong} />}
      <label class="search">{say("state")} <select value={state} onChange={(event) => { setState(event.currentTarget.value); setEnds([]); }}>
        <option value="">{say("all")}</option>{STATES.map(([name, word]) => <option key={name} value={name}>{say(word)}</option>)}
      </select></label>
      {found.value && all.length === 0 && <p>{say("noDeliveries")}</p>}
      {all.length > 0 && (
        <div class="scroll tall" role="group" aria-label={say("deliveries")} tabIndex={0}><table>
          <thead><tr><th scope="col">{say("time")}</th><th scope="col">{say("channel")}</th><th scope="col">{say("to")}</th><th scope="col">{say("state")}</th><th scope="col">{say("attempts")}</th><th scope="col">{say("detail")}</th></tr></thead>
          <tbody>{all.map((one) => (
            <tr key={one.id}><th scope="row">{moment(one.updated)}</th><td>{one.channel}</td><td>{one.target} <code class="mut">{one.identifier}</code></td><td>{stateWord(one.state)}</td><td class="num">{one.attempts}</td><td>{one.detail}</td></tr>
          ))}</tbody>
        </table></div>
      )}
      <p class="buttons">
        {ends.length > 0 && <button type="button" onClick={() => setEnds(ends.slice(0, -1))}>← {say("newer")}</button>}
        {next && <button type="button" onClick={() => setEnds([...ends, next.id])}>{say("older")} →</button>}
      </p>
    </main>
  );
}
