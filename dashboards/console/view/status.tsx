// The system about itself: whether it does its work, what it holds, where rules cannot decide; and the way to what speaks
// at its door and to what left it.

import { useState } from "preact/hooks";
import { explained, get, part } from "../api";
import { Wrong } from "../ask";
import { type Layout, useLayout } from "../gathered";
import { useLoaded } from "../live";
import { stateWord } from "../sign";
import { Table } from "../table";
import { moment } from "../time";
import { Link } from "../way";
import { say } from "../words";
import { silenceOf } from "./why";

interface System {
  version: string;
  status: string;
  time: string;
  last_commit: string | null;
  current: boolean;
  troubles: string[];
  store_bytes: number;
  stations: number;
  datastreams: number;
  incidents: Record<string, number>;
}

interface Undecided { rule: string; place: string; since: string | null; failure: string | null }

const bytes = (size: number): string => (size < 2 ** 30 ? `${(size / 2 ** 20).toFixed(1)} MiB` : `${(size / 2 ** 30).toFixed(2)} GiB`);
const ROWS = 200;

const placeName = (place: string, { nameOf, stationOf }: Layout): string => {
  const station = stationOf(place);
  return station === place ? nameOf(place) : station;
};

/** What a rule lacks at a place: asked when somebody wants to know. */
function Lacks({ rule, place }: { rule: string; place: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(toggled) => setOpen(toggled.currentTarget.open)}>
      <summary>{say("lacksData")}</summary>
      {open && <Missing rule={rule} place={place} />}
    </details>
  );
}

function Missing({ rule, place }: { rule: string; place: string }) {
  const names = useLayout();
  const found = useLoaded(() => explained(rule, place), [rule, place], 10_000);
  if (found.wrong) return <Wrong wrong={found.wrong} />;
  if (!found.value) return <p>{say("loading")}</p>;
  const reasons = found.value.series.flatMap((heard) => silenceOf(heard, names) ?? []);
  return <ul>{(reasons.length > 0 ? reasons : [say("tooFewReadings")]).map((reason) => <li key={reason}>{reason}</li>)}</ul>;
}

export function Status() {
  const found = useLoaded(() => get<System>("/system"), [], 10_000);
  const undecided = useLoaded(() => get<{ undecided: Undecided[] }>("/undecided"), [], 30_000);
  const system = found.value;
  const layout = useLayout();
  const blind = undecided.value?.undecided ?? [];
  return (
    <main id="main">
      <h1>{say("systemStatus")}</h1>
      <p class="buttons"><Link class="button" to="/devices">{say("devices")}</Link><Link class="button" to="/deliveries">{say("deliveries")}</Link></p>
      {found.wrong && <Wrong wrong={found.wrong} />}
      {system && (
        <>
          <p><strong>{system.current && system.troubles.length === 0 ? `✓ ${say("working")}` : `✕ ${say("notWorking")}`}</strong></p>
          {system.troubles.length > 0 && <ul class="list">{system.troubles.map((trouble) => <li key={trouble} class="wrong">{trouble}</li>)}</ul>}
          <dl class="figures">
            <div><dt>{say("version")}</dt><dd>{system.version}</dd></div>
            <div><dt>{say("lastCommit")}</dt><dd>{moment(system.last_commit)}</dd></div>
            <div><dt>{say("stations")}</dt><dd>{system.stations.toLocaleString()} <span class="mut">{system.datastreams.toLocaleString()} {say("datastreams")}</span></dd></div>
            <div><dt>{say("storeSize")}</dt><dd>{bytes(system.store_bytes)}</dd></div>
            {Object.entries(system.incidents).filter(([, count]) => count > 0).map(([state, count]) => <div key={state}><dt>{say("incidents")}: {stateWord(state)}</dt><dd>{count}</dd></div>)}
          </dl>
        </>
      )}
      <section aria-labelledby="blind"><h2 id="blind">{say("blind")} ({blind.length})</h2>
        {undecided.wrong && <Wrong wrong={undecided.wrong} />}
        {blind.length > 0 && (
          <Table label={say("blind")} rows={blind.slice(0, ROWS)} keyOf={(one) => `${one.rule}/${one.place}`} columns={[
            { head: say("rule"), cell: (one) => <Link to={`/rules/${part(one.rule)}`}>{one.rule}</Link> },
            { head: say("place"), cell: (one) => placeName(one.place, layout) },
            { head: say("onset"), cell: (one) => moment(one.since) },
            { head: say("why"), cell: (one) => one.failure ?? <Lacks rule={one.rule} place={one.place} /> },
          ]} />
        )}
      </section>
    </main>
  );
}
