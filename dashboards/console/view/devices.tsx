// Who speaks at the door: accounts of devices, when their stations were last heard, how their batteries are, and what was
// refused with what to send instead.

import { useState } from "preact/hooks";
import { get, part, post, type Station, stations } from "../api";
import { Ask, Wrong } from "../ask";
import { useLoaded } from "../live";
import { useMay } from "../session";
import { StandingSign } from "../sign";
import { standing } from "../system";
import { Table } from "../table";
import { length, moment, quantity } from "../time";
import { Link } from "../way";
import { pick, say } from "../words";

interface Device { username: string; stations: string[]; created: string; revoked: string | null }
/** How a station speaks. */
interface Speech { behind_s: number | null; duplicates: number; refused: number }
interface Letter { id: number; received: string; source: string; station: string | null; reason: string; remedy: string; payload: string }
interface Letters { counts: Record<string, number>; dead_letters: Letter[]; next: string | null }

const ROWS = 300;

const last = (station: Station): string | null =>
  station.datastreams.reduce<string | null>((newest, stream) => (stream.time && (!newest || stream.time > newest) ? stream.time : newest), null);

/** Less than this is the way of a message, not a clock. */
const CLOCK_S = 5;

const span = (seconds: number): string => (Math.abs(seconds) < 120 ? `${Math.round(Math.abs(seconds))} s` : length(Math.abs(seconds) * 1_000));

/** How late readings usually come: what all have in common is the way, or a clock that runs faster than life. */
function usually(speech: Record<string, Speech>): number {
  const known = Object.values(speech).flatMap(({ behind_s }) => (behind_s === null ? [] : [behind_s])).sort((one, other) => one - other);
  return known[Math.floor(known.length / 2)] ?? 0;
}

/** How a clock stands beside the others', in words: what is ahead is surely the clock, what is behind may be the way. */
function clockWord(behind: number | null | undefined, usual: number): string {
  if (behind === null || behind === undefined) return "–";
  const by = behind - usual;
  if (Math.abs(by) < Math.max(CLOCK_S, Math.abs(usual) / 2)) return say("clockGood");
  return `${span(by)} ${say(by < 0 ? "clockAhead" : "clockBehind")}`;
}

function battery(station: Station): string {
  const stream = station.datastreams.find((one) => one.kind.startsWith("battery"));
  return stream ? quantity(stream.value, stream.unit) : "–";
}

export function Devices() {
  const found = useLoaded(() => get<{ devices: Device[]; speech: Record<string, Speech> }>("/devices"), [], 30_000);
  const places = useLoaded(() => stations(), [], 15_000);
  const [wanted, setWanted] = useState("");
  const all = places.value?.stations ?? [];
  const now = places.value ? Date.parse(places.value.time) : 0;
  const owner = new Map((found.value?.devices ?? []).filter((one) => !one.revoked).flatMap((one) => one.stations.map((station) => [station, one.username] as const)));
  const usual = usually(found.value?.speech ?? {});
  const typed = wanted.trim().toLowerCase();
  const shown = all.filter((one) => [one.id, owner.get(one.id) ?? "", ...Object.values(one.name)].some((text) => text.toLowerCase().includes(typed)))
    .sort((one, other) => (last(one) ?? "").localeCompare(last(other) ?? ""));
  return (
    <main id="main">
      <h1>{say("devices")}</h1>
      <p>{say("devicesText")}</p>
      {found.wrong && <Wrong wrong={found.wrong} />}
      {places.wrong && <Wrong wrong={places.wrong} />}
      <label class="search">{say("search")} <input type="search" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} /></label>
      <Table label={say("devices")} rows={shown.slice(0, ROWS)} keyOf={(one) => one.id} columns={[
        { head: say("station"), cell: (one) => <><Link to={`/station/${part(one.id)}`}>{pick(one.name, one.id)}</Link> <code class="mut">{one.id}</code></> },
        { head: say("deviceAccount"), cell: (one) => owner.get(one.id) ?? "–" },
        { head: say("lastSeen"), cell: (one) => moment(last(one)) },
        { head: say("state"), cell: (one) => <StandingSign standing={standing(one, now)} /> },
        { head: say("battery"), class: "num", cell: battery },
        { head: say("clock"), cell: (one) => clockWord(found.value?.speech[one.id]?.behind_s, usual) },
        { head: say("saidTwice"), class: "num", cell: (one) => found.value?.speech[one.id]?.duplicates ?? "–" },
        { head: say("refusedCount"), class: "num", cell: (one) => found.value?.speech[one.id]?.refused ?? "–" },
      ]} />
      {shown.length > ROWS && <p class="mut">{ROWS} / {shown.length}</p>}
      {Math.abs(usual) >= CLOCK_S && <p class="mut">{say("usuallyLate")}: {span(usual)}</p>}
      <Refused />
      <Accounts devices={(found.value?.devices ?? []).filter((one) => [one.username, ...one.stations].some((text) => text.toLowerCase().includes(typed)))} places={all} reload={found.reload} />
    </main>
  );
}

function Refused() {
  // The letters that the pages before this one ended with.
  const [ends, setEnds] = useState<number[]>([]);
  const end = ends.at(-1);
  const found = useLoaded(() => get<Letters>(end === undefined ? "/dead-letters" : `/dead-letters?before=${end}`), [end], 15_000);
  const letters = found.value?.dead_letters ?? [];
  const next = found.value?.next ? letters.at(-1) : undefined;
  return (
    <section aria-labelledby="refused">
      <h2 id="refused">{say("deadLetters")}</h2>
      {found.wrong && <Wrong wrong={found.wrong} />}
      {found.value && letters.length === 0 && <p>{say("noDeadLetters")}</p>}
      <ul class="fates">{Object.entries(found.value?.counts ?? {}).filter(([, count]) => count > 0).map(([reason, count]) => <li key={reason}><code>{reason}</code> {count}</li>)}</ul>
      {letters.length > 0 && (
        <Table label={say("deadLetters")} rows={letters} keyOf={(one) => one.id} columns={[
          { head: say("time"), cell: (one) => moment(one.received) },
          { head: say("from"), cell: (one) => <code>{one.source}</code> },
          { head: say("why"), cell: (one) => one.reason },
          { head: say("sendInstead"), cell: (one) => one.remedy },
          { head: say("whatItSaid"), cell: (one) => <code>{one.payload}</code> },
        ]} />
      )}
      <p class="buttons">
        {ends.length > 0 && <button type="button" onClick={() => setEnds(ends.slice(0, -1))}>← {say("newer")}</button>}
        {next && <button type="button" onClick={() => setEnds([...ends, next.id])}>{say("older")} →</button>}
      </p>
    </section>
  );
}

/** A secret that the server shows this once. */
interface LetIn { username: string; password: string | null; certificate: string | null }

function Accounts({ devices, places, reload }: { devices: Device[]; places: Station[]; reload: () => void }) {
  const may = useMay("admin");
  const [made, setMade] = useState<LetIn | null>(null);
  const [asked, setAsked] = useState<{ device: string; what: "rotate" | "revoke" } | "add" | null>(null);
  const [wanted, setWanted] = useState<string[]>([]);
  const done = (ok: boolean): void => { setAsked(null); if (ok) reload(); };
  const path = (device: string): string => `/devices/${part(device)}`;
  return (
    <section aria-labelledby="accounts">
      <h2 id="accounts">{say("deviceAccounts")}</h2>
      {made && (
        <div role="status" class="card">
          <p>{say("secretOnce")}</p>
          <dl class="secret"><dt>{say("userName")}</dt><dd><code>{made.username}</code></dd>
            {made.password !== null && <><dt>{say("password")}</dt><dd><code>{made.password}</code></dd></>}
            {made.certificate !== null && <><dt>{say("certificate")}</dt><dd><code>{made.certificate}</code></dd></>}</dl>
          <p class="buttons"><button type="button" onClick={() => setMade(null)}>{say("keptIt")}</button></p>
        </div>
      )}
      <details><summary>{say("deviceAccounts")} ({devices.length})</summary>
        <ul class="list">{devices.slice(0, ROWS).map((one) => (
          <li key={one.username}><strong>{one.username}</strong> <span>{one.stations.slice(0, 8).join(", ")}{one.stations.length > 8 && ` … ${one.stations.length}`}</span> <span class="mut">{one.revoked ? `${say("revoked")} ${moment(one.revoked)}` : moment(one.created)}</span>
            {may && !one.revoked && <><button type="button" class="small" aria-label={`${say("newSecret")}: ${one.username}`} onClick={() => setAsked({ device: one.username, what: "rotate" })}>{say("newSecret")}</button>
              <button type="button" class="small" aria-label={`${say("revoke")}: ${one.username}`} onClick={() => setAsked({ device: one.username, what: "revoke" })}>{say("revoke")}</button></>}
          </li>
        ))}</ul>
        {devices.length > ROWS && <p class="mut">{ROWS} / {devices.length}</p>}
      </details>
      {may && (
        <form class="row" onSubmit={(event) => { event.preventDefault(); setAsked("add"); }}>
          <label>{say("speaksFor")} <select multiple required size={Math.min(6, Math.max(2, places.length))} onChange={(event) => setWanted([...event.currentTarget.selectedOptions].map((option) => option.value))}>
            {places.map((one) => <option key={one.id} value={one.id}>{pick(one.name, one.id)} ({one.id})</option>)}
          </select></label>
          <button type="submit" class="main">{say("letIn")}</button>
        </form>
      )}
      {asked === "add" && (
        <Ask title={say("letIn")} confirm={say("letIn")} reason="" close={done}
          act={async (reason) => setMade(await post<LetIn>("/devices", { stations: wanted, reason }))}><p><code>{wanted.join(", ")}</code></p></Ask>
      )}
      {asked !== null && asked !== "add" && (
        <Ask title={`${say(asked.what === "rotate" ? "newSecret" : "revoke")}: ${asked.device}`} confirm={say(asked.what === "rotate" ? "newSecret" : "revoke")} reason="" close={done}
          act={async (reason) => {
            const answer = await post<LetIn | null>(`${path(asked.device)}/${asked.what}`, { reason });
            // Taking one device's word away must not take the secret of another off the screen.
            if (answer) setMade(answer);
          }}><p>{say(asked.what === "rotate" ? "newSecretText" : "revokeText")}</p></Ask>
      )}
    </section>
  );
}
