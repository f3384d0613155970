// What left the house: each message for each recipient, and what became of it.

import { useState } from "preact/hooks";
import { get } from "../api";
import { Wrong } from "../ask";
import { type Delivery, FATES, fateWord } from "../delivered";
import { useLoaded } from "../live";
import { Table } from "../table";
import { moment } from "../time";
import { say } from "../words";

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
        <option value="">{say("all")}</option>{FATES.map(([name, word]) => <option key={name} value={name}>{say(word)}</option>)}
      </select></label>
      {found.value && all.length === 0 && <p>{say("noDeliveries")}</p>}
      {all.length > 0 && (
        <Table tall label={say("deliveries")} rows={all} keyOf={(one) => one.id} columns={[
          { head: say("time"), cell: (one) => moment(one.updated) },
          { head: say("channel"), cell: (one) => one.channel },
          { head: say("to"), cell: (one) => <>{one.target} <code class="mut">{one.identifier}</code></> },
          { head: say("state"), cell: (one) => fateWord(one.state) },
          { head: say("attempts"), class: "num", cell: (one) => one.attempts },
          { head: say("detail"), cell: (one) => one.detail },
        ]} />
      )}
      <p class="buttons">
        {ends.length > 0 && <button type="button" onClick={() => setEnds(ends.slice(0, -1))}>← {say("newer")}</button>}
        {next && <button type="button" onClick={() => setEnds([...ends, next.id])}>{say("older")} →</button>}
      </p>
    </main>
  );
}
