// What is going on, where: the map and, as its equal, the table. A slider looks back over the last day.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Alert, type Area, areas, type Detail, incident, type Level, rank, type Station, stations } from "../api";
import { type Live, useLive, useLoaded } from "../live";
import { CityMap } from "../map";
import { isOpen, shownLevel, sorted } from "../order";
import { Chip, levelWord, StandingSign } from "../sign";
import { mainStream, type Standing, standing, SYSTEMS, systemName, systemOf, weight } from "../system";
import { moment, quantity } from "../time";
import { go, Link } from "../way";
import { pick, say } from "../words";

const STEP_MS = 15 * 60_000;
const STEPS = 96;
const ROWS = 100;
/** Incidents whose story is read when one looks back. */
const STORIES = 100;

/** Levels of areas, by the incidents of their own and of what lies in them. */
function levelsOf(found: { area: string; level: Level }[], known: Area[]): Map<string, Level> {
  const parents = new Map(known.map((area) => [area.properties.code, area.properties.parent]));
  const levels = new Map<string, Level>();
  for (const { area, level } of found) {
    for (let at: string | null | undefined = area; at; at = parents.get(at)) {
      if (rank(level) > rank(levels.get(at))) levels.set(at, level);
    }
  }
  return levels;
}

/** Levels at a moment of the past, from the stories of the incidents that were alive then. */
async function levelsAt(live: Live, at: number): Promise<{ area: string; level: Level }[]> {
  const candidates = (live.known?.alerts ?? []).filter((alert) => Date.parse(alert.onset) <= at).slice(0, STORIES);
  const stories = await Promise.allSettled(candidates.map((alert) => incident(alert.incident)));
  return stories.flatMap((story) => {
    if (story.status === "rejected") return [];
    const detail: Detail = story.value;
    const last = detail.timeline.filter((step) => Date.parse(step.time) <= at).at(-1);
    return last ? [{ area: detail.area, level: last.level }] : [];
  });
}

interface Shown {
  station: Station;
  standing: Standing;
}

function Table({ shown, names }: { shown: Shown[]; names: Map<string, string> }) {
  const [rows, setRows] = useState(ROWS);
  return (
    <>
      <div class="scroll" role="group" aria-label={say("stations")} tabIndex={0}>
        <table>
          <thead><tr>
            <th scope="col">{say("station")}</th><th scope="col">{say("state")}</th><th scope="col">{say("value")}</th>
            <th scope="col">{say("system")}</th><th scope="col">{say("district")}</th><th scope="col">{say("time")}</th>
          </tr></thead>
          <tbody>
            {shown.slice(0, rows).map(({ station, standing }) => {
              const stream = mainStream(station);
              return (
                <tr key={station.id}>
                  <th scope="row"><Link to={`/station/${encodeURIComponent(station.id)}`}>{pick(station.name, station.id)}</Link></th>
                  <td><StandingSign standing={standing} /></td>
                  <td class="num">{stream ? quantity(stream.value, stream.unit) : "–"}</td>
                  <td>{systemName(systemOf(station))}</td>
                  <td>{names.get(station.area) ?? station.area}</td>
                  <td class="num">{stream?.time ? moment(stream.time) : "–"}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {shown.length > rows && (
        <p><button type="button" onClick={() => setRows(rows + ROWS)}>{say("more")} ({rows} / {shown.length})</button></p>
      )}
    </>
  );
}

function Legend() {
  const levels: Level[] = ["none", "advisory", "watch", "warning", "emergency"];
  return (
    <details class="legend">
      <summary>{say("legend")}</summary>
      <p>{levels.map((level) => <Chip key={level} level={level} />)}
        <StandingSign standing={{ level: "none", trouble: "silent" }} /> <StandingSign standing={{ level: "none", trouble: "doubtful" }} /></p>
      <ul>{SYSTEMS.map((system) => <li key={system.id}><b>{system.sign}</b> {systemName(system)}</li>)}</ul>
    </details>
  );
}

/** Incidents listed beside the map; on a wall, as many as fit. */
const LISTED = 30;
const LISTED_ON_WALL = 10;

function IncidentList({ alerts, names, most }: { alerts: Alert[]; names: Map<string, string>; most: number }) {
  if (alerts.length === 0) return <p>{say("noIncidents")}</p>;
  return (
    <ul class="list">
      {sorted(alerts).slice(0, most).map((alert) => (
        <li key={alert.incident}>
          <Chip level={shownLevel(alert)} />
          <Link to={`/incident/${encodeURIComponent(alert.incident)}`}>{pick(alert.headline, alert.incident)}</Link>
          <span class="mut">{names.get(alert.area) ?? alert.area}{alert.proposal && <strong> · {say("proposed")}</strong>}</span>
        </li>
      ))}
      {alerts.length > most && <li><Link to="/inbox">+ {alerts.length - most} {say("moreInInbox")}</Link></li>}
    </ul>
  );
}

function useCity(at: number | null) {
  const back = at === null ? undefined : new Date(at).toISOString();
  const places = useLoaded(areas, []);
  const sensors = useLoaded(() => stations(back), [back], at === null ? 10_000 : 0);
  return { places, sensors };
}

export function Situation({ wall }: { wall: boolean }) {
  const live = useLive();
  const serverNow = live.known ? Date.parse(live.known.time) : Date.now();
  const [steps, setSteps] = useState(STEPS);
  const [anchor, setAnchor] = useState(0);
  const [systems, setSystems] = useState<Set<string>>(new Set(SYSTEMS.map((system) => system.id)));
  const [troubleOnly, setTroubleOnly] = useState(false);
  const [sought, setSought] = useState("");
  const at = steps === STEPS ? null : anchor - (STEPS - steps) * STEP_MS;
  const { places, sensors } = useCity(at);
  const known = places.value?.features ?? [];
  const names = useMemo(() => new Map(known.map((area) => [area.properties.code, pick(area.properties.name, area.properties.code)])), [places.value]);
  const open = (live.known?.alerts ?? []).filter(isOpen);
  const [past, setPast] = useState<{ area: string; level: Level }[]>([]);
  useEffect(() => {
    if (at === null) return;
    let wanted = true;
    void levelsAt(live, at).then((found) => { if (wanted) setPast(found); });
    return () => { wanted = false; };
  }, [at]);
  const found = at === null ? open.map((alert) => ({ area: alert.area, level: shownLevel(alert) })) : past;
  const levels = useMemo(() => levelsOf(found, known), [live.known, past, at, places.value]);

  const shown = useMemo(() => {
    const moment = at ?? (sensors.value ? Date.parse(sensors.value.time) : Date.now());
    const all = (sensors.value?.stations ?? []).map((station) => ({ station, standing: standing(station, moment) }));
    const wanted = all.filter(({ station, standing }) =>
      (systems.has(systemOf(station).id) || systemOf(station).id === "other")
      && (!troubleOnly || weight(standing) > 0)
      && (sought === "" || pick(station.name, station.id).toLowerCase().includes(sought.toLowerCase())));
    return wanted.sort((one, other) => weight(other.standing) - weight(one.standing));
  }, [sensors.value, systems, troubleOnly, sought, at]);

  const place = useRef<HTMLDivElement>(null);
  const map = useRef<CityMap | null>(null);
  useEffect(() => {
    if (!place.current) return;
    map.current = new CityMap(place.current, (id) => go(`/station/${encodeURIComponent(id)}`));
    return () => map.current?.close();
  }, []);
  useEffect(() => map.current?.show({ areas: known, levels, stations: shown }), [places.value, levels, shown]);

  const slide = (to: number): void => {
    if (steps === STEPS) setAnchor(serverNow);
    setSteps(to);
  };
  const toggle = (id: string): void => setSystems((before) => {
    const after = new Set(before);
    if (!after.delete(id)) after.add(id);
    return after;
  });
  const endangered = [...levels].filter(([code]) => known.find((area) => area.properties.code === code)?.properties.kind !== "sido")
    .sort((one, other) => rank(other[1]) - rank(one[1]));
  return (
    <main id="main" class={wall ? "situation wall" : "situation"}>
      <h1>{say("situation")}</h1>
      {wall && <p class="leave"><Link to="/">{say("leaveWall")}</Link></p>}
      {!wall && (
        <div class="tools">
          <label class="slider">{say("timeBack")}: <output>{at === null ? say("now") : moment(at)}</output>
            <input type="range" min={0} max={STEPS} step={1} value={steps} aria-valuetext={at === null ? say("now") : moment(at)}
              onInput={(event) => slide(Number(event.currentTarget.value))} />
          </label>
          {at !== null && <p role="status" class="band past">{say("past")}: {moment(at)} <button type="button" onClick={() => setSteps(STEPS)}>{say("backToNow")}</button></p>}
          <details class="filter">
            <summary>{say("filter")} ({systems.size} / {SYSTEMS.length}{troubleOnly && `, ${say("onlyTrouble")}`})</summary>
            <fieldset>
            <legend class="off">{say("filter")}</legend>
            <button type="button" onClick={() => setSystems(new Set(systems.size === SYSTEMS.length ? [] : SYSTEMS.map((system) => system.id)))}>{say("all")}</button>
            {SYSTEMS.map((system) => (
              <label key={system.id}><input type="checkbox" checked={systems.has(system.id)} onChange={() => toggle(system.id)} />{systemName(system)}</label>
            ))}
            <label><input type="checkbox" checked={troubleOnly} onChange={() => setTroubleOnly(!troubleOnly)} />{say("onlyTrouble")}</label>
            </fieldset>
          </details>
        </div>
      )}
      <div class="columns">
        <section aria-labelledby="map-title" class="map-part">
          <h2 id="map-title">{say("map")}</h2>
          <div ref={place} class="map" role="application" aria-label={`${say("map")}. ${say("mapHint")}`} />
          {!wall && <Legend />}
        </section>
        <section aria-labelledby="open-title">
          <h2 id="open-title">{say("incidents")} ({open.length})</h2>
          <IncidentList alerts={open} names={names} most={wall ? LISTED_ON_WALL : LISTED} />
          <h2>{say("districts")}</h2>
          {endangered.length === 0 ? <p>{say("none")}</p> : (
            <ul class="list">{endangered.slice(0, wall ? LISTED_ON_WALL : LISTED).map(([code, level]) => <li key={code}><Chip level={level} /> {names.get(code) ?? code}</li>)}</ul>
          )}
        </section>
      </div>
      {!wall && (
        <section aria-labelledby="stations-title">
          <h2 id="stations-title">{say("stations")} ({shown.length})</h2>
          <label class="search">{say("search")}<input type="search" value={sought} onInput={(event) => setSought(event.currentTarget.value)} /></label>
          <p class="mut">{shown.filter(({ standing }) => rank(standing.level) > 0).length} {levelWord("advisory")}+ · {shown.filter(({ standing }) => standing.trouble).length} {say("silent")}/{say("doubtful")}</p>
          <Table shown={shown} names={names} />
        </section>
      )}
    </main>
  );
}
