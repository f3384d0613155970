// What is going on, where: the map and, as its equal, the table. A slider looks back over the last day.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Alert, alerts, type Area, areas, type Level, rank, type Station, stations } from "../api";
import { Wrong } from "../ask";
import { gathered } from "../gather";
import { EventRows, titleOf, useLayout, useSteady } from "../gathered";
import { useLive, useLoaded } from "../live";
import { CityMap } from "../map";
import { isOpen, shownLevel, sorted } from "../order";
import { Chip, levelWord, StandingSign } from "../sign";
import { StationTable } from "../stations";
import { standing, SYSTEMS, systemName, systemOf, weight } from "../system";
import { moment } from "../time";
import { go, Link } from "../way";
import { pick, say } from "../words";

const STEP_MS = 15 * 60_000;
const STEPS = 96;
/** A hand on the slider moves on within this; each stop is asked for once. */
const PAUSE_MS = 150;

/** Levels of areas, by the incidents of their own and of what lies in them. */
export function levelsOf(found: { area: string; level: Level }[], known: Area[]): Map<string, Level> {
  const parents = new Map(known.map((area) => [area.properties.code, area.properties.parent]));
  const levels = new Map<string, Level>();
  for (const { area, level } of found) {
    for (let at: string | null | undefined = area; at; at = parents.get(at)) {
      if (rank(level) > rank(levels.get(at))) levels.set(at, level);
    }
  }
  return levels;
}

const linked = (station: Station) => <Link to={`/station/${encodeURIComponent(station.id)}`}>{pick(station.name, station.id)}</Link>;

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

interface ListProps {
  alerts: Alert[];
  most: number;
  /** They are those of a moment that is over: what was said since is not shown. */
  past: boolean;
}

function IncidentList({ alerts, most, past }: ListProps) {
  const layout = useLayout();
  const { lie, nameOf } = layout;
  const { steady: events, onPointerEnter, onPointerLeave } = useSteady(useMemo(() => gathered(sorted(alerts), lie), [alerts, lie]));
  if (alerts.length === 0) return <p>{past ? say("noIncidentsThen") : say("noIncidents")}</p>;
  const row = (alert: Alert) => (
    <li key={alert.incident} class="one">
      <Chip level={shownLevel(alert)} />
      <Link to={`/incident/${encodeURIComponent(alert.incident)}`}>{titleOf(alert, layout)}</Link>
      {alert.proposal && <strong>{say("proposed")}</strong>}
    </li>
  );
  const rest = events.slice(most).reduce((sum, event) => sum + event.alerts.length, 0);
  return (
    <ul class="list" onPointerEnter={onPointerEnter} onPointerLeave={onPointerLeave}>
      {events.slice(0, most).map((event) => event.alerts.length === 1
        ? event.alerts.map(row)
        : <EventRows key={event.key} event={event} nameOf={nameOf} deep={3} row={row} />)}
      {rest > 0 && <li><Link to="/inbox">+ {rest} {say("moreInInbox")}</Link></li>}
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
  const [past, setPast] = useState<Alert[] | null>(null);
  const [wrong, setWrong] = useState<Error | null>(null);
  useEffect(() => {
    setPast(null);
    setWrong(null);
    if (at === null) return undefined;
    let wanted = true;
    const timer = setTimeout(() => {
      alerts(new Date(at).toISOString()).then((found) => { if (wanted) setPast(found.alerts); }, (refused: Error) => { if (wanted) setWrong(refused); });
    }, PAUSE_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [at]);
  const open = useMemo(() => (at === null ? (live.known?.alerts ?? []).filter(isOpen) : past ?? []), [live.known, past, at]);
  const levels = useMemo(() => levelsOf(open.map((alert) => ({ area: alert.area, level: shownLevel(alert) })), known), [open, places.value]);

  const seenAt = at ?? (sensors.value ? Date.parse(sensors.value.time) : Date.now());
  // All of a large city is judged and put in order once for each answer, not at each click on a filter.
  const all = useMemo(() => (sensors.value?.stations ?? [])
    .map((station) => ({ station, standing: standing(station, seenAt), system: systemOf(station).id }))
    .sort((one, other) => weight(other.standing) - weight(one.standing)), [sensors.value, at]);
  const shown = useMemo(() => all.filter(({ station, standing, system }) =>
    (systems.has(system) || system === "other")
    && (!troubleOnly || weight(standing) > 0)
    && (sought === "" || pick(station.name, station.id).toLowerCase().includes(sought.toLowerCase()))), [all, systems, troubleOnly, sought]);

  const place = useRef<HTMLDivElement>(null);
  const map = useRef<CityMap | null>(null);
  useEffect(() => {
    if (!place.current) return;
    map.current = new CityMap(place.current, (id) => go(`/station/${encodeURIComponent(id)}`));
    return () => map.current?.close();
  }, []);
  useEffect(() => map.current?.show({ areas: known, levels, stations: shown }), [places.value, levels, shown]);

  // What a click on a filter does not change is not drawn anew.
  const list = useMemo(() => <IncidentList alerts={open} most={wall ? LISTED_ON_WALL : LISTED} past={at !== null} />, [open, wall, at]);
  const table = useMemo(() => <StationTable shown={shown} names={names} now={seenAt} named={linked} />, [shown, names]);
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
          <h2 id="open-title">{at === null ? say("incidents") : `${say("incidentsThen")} ${moment(at)}`} ({open.length})</h2>
          {wrong ? <Wrong wrong={wrong} /> : at !== null && past === null ? <p>{say("loading")}</p> : list}
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
          {table}
        </section>
      )}
    </main>
  );
}
