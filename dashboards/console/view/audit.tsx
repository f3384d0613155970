// Who did what, when, from where: newest first, each entry chained to the one before it.

import { useState } from "preact/hooks";
import { get } from "../api";
import { Wrong } from "../ask";
import { OWN_CLOCK } from "../facts";
import { useLive, useLoaded } from "../live";
import { Table } from "../table";
import { moment } from "../time";
import { say } from "../words";

interface Entry { id: number; time: string; who: string; role: string; from_address: string | null; action: string; subject: string; detail: unknown; hash: string }

export function Audit() {
  // The entries that the pages before this one ended with.
  const [ends, setEnds] = useState<number[]>([]);
  const end = ends.at(-1);
  const city = useLive().known?.time;
  const found = useLoaded(() => get<{ entries: Entry[]; next: string | null }>(end === undefined ? "/audit" : `/audit?page=${end}`), [end]);
  const last = found.value?.next ? found.value.entries.at(-1) : undefined;
  const told = (detail: unknown): string => (typeof detail === "string" ? detail : JSON.stringify(detail ?? ""));
  return (
    <main id="main">
      <h1>{say("audit")}</h1>
      {OWN_CLOCK && <p class="mut">{say("byServersClock")} {city && <>{say("citysNow")} {moment(city)}.</>}</p>}
      {found.wrong && <Wrong wrong={found.wrong} />}
      <Table label={say("audit")} rows={found.value?.entries ?? []} keyOf={(entry) => entry.id} columns={[
        { head: OWN_CLOCK ? `${say("time")} (${say("serversClock")})` : say("time"), cell: (entry) => moment(entry.time) },
        { head: say("who"), cell: (entry) => <>{entry.who} <span class="mut">{entry.role} {entry.from_address}</span></> },
        { head: say("action"), cell: (entry) => entry.action },
        { head: say("subject"), cell: (entry) => entry.subject },
        { head: say("detail"), cell: (entry) => told(entry.detail) },
      ]} />
      <p class="buttons">
        {ends.length > 0 && <button type="button" onClick={() => setEnds(ends.slice(0, -1))}>← {say("newer")}</button>}
        {last && <button type="button" onClick={() => setEnds([...ends, last.id])}>{say("older")} →</button>}
      </p>
    </main>
  );
}
