// A day that is over, through the whole console: map, inbox, incidents and stations as they stood at a moment that runs.
// Everything in it is read from what is stored, and nothing can be decided: what is decided today is decided elsewhere.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Alert, alerts, type Area, areas, type Detail, type Fates, incident, type Observation, observations, rank, type Station, stations } from "../api";
import { lead } from "../amount";
import { Wrong } from "../ask";
import { Curve } from "../curve";
import { Arrived, deliveredOf, Deliveries, isPublic, messagesOf, owedOf, Tally } from "../delivered";
import { useLive, useLoaded } from "../live";
import { CityMap } from "../map";
import { shownLevel, sorted } from "../order";
import { Chip, levelWord, StandingSign, stateWord } from "../sign";
import { StationTable } from "../stations";
import { mainStream, standing, weight } from "../system";
import { clock, comparison, dateOf, moment, quantity, startOf } from "../time";
import { Link } from "../way";
import { pick, say } from "../words";
import { marksOf } from "./incident";
import { levelsOf } from "./situation";

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];
const DAY = 24 * HOUR;
/** The slider's step. */
const STEP = 5 * MINUTE;
/** Minutes of that day in a second of today. */
const SPEEDS = [1, 5, 15, 60];
const ROWS = 100;

/** What stood at a moment. */
interface Then { at: number; alerts: Alert[]; stations: Station[]; deliveries: Record<string, Fates | null> }

/** What is looked at: an incident, and a station beside it. */
interface Chosen { incident?: string; station?: string }

/** The moment, incident and station that the address names: a link to them can be given on. */
const named = (): { at: number | null; chosen: Chosen } => {
  const asked = new URLSearchParams(location.search);
  const at = Date.parse(asked.get("at") ?? "");
  const [incident, station] = [asked.get("incident"), asked.get("station")];
  return { at: Number.isNaN(at) ? null : at, chosen: { ...(incident ? { incident } : {}), ...(station ? { station } : {}) } };
};

/** What stood at a moment, asked for once a hand or the clock has stopped there. */
function useThen(at: number): { then: Then | null; wrong: Error | null } {
  const [state, set] = useState<{ then: Then | null; wrong: Error | null }>({ then: null, wrong: null });
  useEffect(() => {
    let wanted = true;
    const timer = setTimeout(() => {
      const when = new Date(at).toISOString();
      Promise.all([alerts(when), stations(when)]).then(
        ([known, places]) => { if (wanted) set({ then: { at, alerts: known.alerts, stations: places.stations, deliveries: known.deliveries ?? {} }, wrong: null }); },
        (wrong: Error) => { if (wanted) set((before) => ({ then: before.then, wrong })); },
      );
    }, 120);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [at]);
  return state;
}

export function Replay() {
  const live = useLive();
  const now = live.known ? Date.parse(live.known.time) : null;
  if (now === null) return <main id="main"><h1>{say("replay")}</h1><p>{say("loading")}</p></main>;
  return <Past now={now} />;
}

function Past({ now }: { now: number }) {
  const [at, setAt] = useState(() => Math.min(named().at ?? now - DAY, now));
  const [speed, setSpeed] = useState(15);
  const [plays, setPlays] = useState(false);
  const [chosen, choose] = useState<Chosen>(() => named().chosen);
  const { then, wrong } = useThen(at);
  const day = dateOf(at);
  const [from, to] = [startOf(day), Math.min(startOf(day) + DAY, now)];
  const move = (to: number): void => setAt(Math.max(0, Math.min(to, now)));
  const isRead = then?.at === at;
  useEffect(() => {
    // The next moment comes when this one was shown: a slow line makes the day longer, not wrong.
    if (!plays || !isRead) return undefined;
    if (at >= now) {
      setPlays(false);
      return undefined;
    }
    const timer = setTimeout(() => move(at + speed * MINUTE), SECOND);
    return () => clearTimeout(timer);
  }, [plays, isRead, at, speed]);
  useEffect(() => {
    const asked = new URLSearchParams({ at: new Date(at).toISOString(), ...chosen });
    history.replaceState(null, "", `/replay?${asked}`);
  }, [at, chosen]);
  return (
    <main id="main" class="replay">
      <h1>{say("replay")}</h1>
      <p class="band past" role="status">{say("replayOf")} <strong>{day} {clock(at)}</strong>. {say("replayIsPast")} <Link class="button" to="/">{say("backToLive")}</Link></p>
      <div class="tools row">
        <label>{say("date")} <input type="date" required value={day} max={dateOf(now)} onChange={(event) => { if (event.currentTarget.value) move(startOf(event.currentTarget.value) + (at - from)); }} /></label>
        <label class="slider">{say("time")}: <output>{clock(at)}</output>
          <input type="range" min={from} max={to} step={STEP} value={at} aria-valuetext={moment(at)} onInput={(event) => move(Number(event.currentTarget.value))} /></label>
        <span class="buttons">
          <button type="button" onClick={() => move(at - HOUR)}>← {say("hourBack")}</button>
          <button type="button" class="main" aria-pressed={plays} onClick={() => setPlays(!plays)}>{say(plays ? "pausePlay" : "play")}</button>
          <button type="button" onClick={() => move(at + HOUR)}>{say("hourOn")} →</button>
        </span>
        <label>{say("speed")} <select value={speed} onChange={(event) => setSpeed(Number(event.currentTarget.value))}>
          {SPEEDS.map((one) => <option key={one} value={one}>{one} {say("minutesASecond")}</option>)}
        </select></label>
      </div>
      {wrong && <Wrong wrong={wrong} />}
      {then ? <Shown then={then} chosen={chosen} choose={choose} /> : <p>{say("loading")}</p>}
    </main>
  );
}

/** The station that an incident is of, or the first that its evidence names. */
const besideOf = (alert: Alert): Chosen => {
  const station = alert.station ?? alert.evidence.find((reason) => reason.station)?.station;
  return station ? { station } : {};
};

interface ShownProps { then: Then; chosen: Chosen; choose: (what: Chosen | ((before: Chosen) => Chosen)) => void }

function Shown({ then, chosen, choose }: ShownProps) {
  const places = useLoaded(areas, []);
  const known: Area[] = places.value?.features ?? [];
  const names = useMemo(() => new Map(known.map((area) => [area.properties.code, pick(area.properties.name, area.properties.code)])), [places.value]);
  const levels = useMemo(() => levelsOf(then.alerts.map((alert) => ({ area: alert.area, level: shownLevel(alert) })), known), [then, places.value]);
  const all = useMemo(() => then.stations.map((station) => ({ station, standing: standing(station, then.at) }))
    .sort((one, other) => weight(other.standing) - weight(one.standing)), [then]);
  const place = useRef<HTMLDivElement>(null);
  const map = useRef<CityMap | null>(null);
  const told = useRef<HTMLDivElement>(null);
  // What was chosen may lie below what is seen.
  const look = (what: Chosen): void => {
    choose((before) => ({ ...before, ...what }));
    requestAnimationFrame(() => told.current?.scrollIntoView({ block: "nearest" }));
  };
  useEffect(() => {
    if (!place.current) return undefined;
    map.current = new CityMap(place.current, (station) => look({ station }));
    return () => map.current?.close();
  }, []);
  useEffect(() => map.current?.show({ areas: known, levels, stations: all }), [places.value, levels, all]);
  const waiting = sorted(then.alerts).filter((alert) => alert.proposal);
  const others = sorted(then.alerts).filter((alert) => !alert.proposal);
  const list = (shown: Alert[], none: "nothingWaited" | "nothingStood") => shown.length === 0 ? <p>{say(none)}</p> : (
    <ul class="list">{shown.slice(0, ROWS).map((alert) => (
      <li key={alert.incident}><Chip level={shownLevel(alert)} />
        <button type="button" class="linklike" onClick={() => look({ incident: alert.incident, ...besideOf(alert) })}>{pick(alert.headline, alert.incident)}</button>
        <span class="mut">{names.get(alert.area) ?? alert.area} · {stateWord(alert.state)} · {say("updated")} {moment(alert.updated)}{alert.proposal && <> · {say("deadline")} {clock(alert.proposal.deadline)}</>}<Reached fates={then.deliveries[alert.identifier ?? ""]} /></span></li>
    ))}</ul>
  );
  const alert = then.alerts.find((one) => one.incident === chosen.incident);
  // Of the story and of the water beside it.
  const story = useLoaded<Detail | null>(async () => (chosen.incident ? incident(chosen.incident) : null), [chosen.incident]);
  const detail = story.value?.incident === chosen.incident ? story.value : null;
  const stationOf = (id: string): string => pick(then.stations.find((one) => one.id === id)?.name ?? {}, id);
  return (
    <>
      <div class="columns">
        <section aria-labelledby="map-title" class="map-part"><h2 id="map-title">{say("map")}</h2>
          <div ref={place} class="map" role="application" aria-label={`${say("map")}. ${say("mapHint")}`} /></section>
        <div>
          <section aria-labelledby="waited"><h2 id="waited">{say("inbox")} ({waiting.length})</h2>{list(waiting, "nothingWaited")}</section>
          <section aria-labelledby="stood"><h2 id="stood">{say("incidents")} ({others.length})</h2>{list(others, "nothingStood")}</section>
        </div>
      </div>
      <div ref={told} class={chosen.incident && chosen.station ? "columns even" : ""}>
        {chosen.incident && <Story id={chosen.incident} detail={detail} wrong={story.wrong} alert={alert} at={then.at} stationOf={stationOf} close={() => choose(({ incident: _, ...rest }) => rest)} />}
        {chosen.station && <Place station={then.stations.find((one) => one.id === chosen.station)} at={then.at} detail={detail} close={() => choose(({ station: _, ...rest }) => rest)} />}
      </div>
      <section aria-labelledby="stations-title"><h2 id="stations-title">{say("stations")} ({all.length})</h2>
        <StationTable shown={all} names={names} now={then.at}
          named={(station) => <button type="button" class="linklike" onClick={() => choose({ station: station.id })}>{pick(station.name, station.id)}</button>} />
      </section>
    </>
  );
}

/** Of what was said last, how much had arrived by then; nothing where it was for nobody by another channel. */
function Reached({ fates }: { fates: Fates | null | undefined }) {
  if (fates === null) return <> · {say("deliveriesGone")}</>;
  return fates && owedOf(fates) > 0 ? <> · {say("deliveredTo")} <Tally fates={fates} /></> : null;
}

interface StoryProps { id: string; detail: Detail | null; wrong: Error | null; alert: Alert | undefined; at: number; stationOf: (id: string) => string; close: () => void }

/** An incident as far as it was told by then. */
function Story({ id, detail, wrong, alert, at, stationOf, close }: StoryProps) {
  const told = (detail?.timeline ?? []).filter((step) => Date.parse(step.time) <= at);
  const said = messagesOf(told);
  const [last, identifiers] = [said.at(-1), said.map((message) => message.identifier)];
  const delivered = useLoaded(() => deliveredOf(identifiers, at), [identifiers.join(), at]);
  const notes = (detail?.notes ?? []).filter((note) => Date.parse(note.time) <= at);
  return (
    <section aria-labelledby="story" class="card">
      <h2 id="story">{pick(alert?.headline ?? detail?.headline, id)}</h2>
      <p class="buttons"><button type="button" onClick={close}>{say("close")}</button></p>
      {wrong && <Wrong wrong={wrong} />}
      {!alert && <p>{say("notOpenThen")}</p>}
      {alert && alert.evidence.length > 0 && (
        <><h3>{say("why")}</h3><ul class="list">{alert.evidence.map((reason, n) => (
          <li key={n}>{pick(reason.label)}{reason.station && <span class="mut"> {stationOf(reason.station)}</span>}: <span class="num">{quantity(reason.value, reason.unit)}</span> <span class="mut num">({comparison(reason.op)} {quantity(reason.limit, reason.unit)})</span> <b>{say(reason.result === "true" ? "reached" : reason.result === "false" ? "notReached" : "unknown")}</b></li>
        ))}</ul></>
      )}
      <h3>{say("timeline")}</h3>
      <ol class="list">{told.map((step, n) => (
        <li key={n}><time dateTime={step.time}>{moment(step.time)}</time> <b>{stateWord(step.state)}</b> {step.from !== step.level && <>{levelWord(step.from)} → </>}{levelWord(step.level)}{step.by && <> · {step.by}</>}{step.reason && <> “{step.reason}”</>}</li>
      ))}</ol>
      {delivered.wrong && <Wrong wrong={delivered.wrong} />}
      {detail && last && delivered.value?.newest === last.identifier && !delivered.wrong && (
        <><h3>{say("deliveries")}</h3>
          <p class="arrived"><Arrived sent={last.sent} isPublic={isPublic(detail)} fates={delivered.value.fates} /></p>
          <p class="mut">{clock(delivered.value.at)}: {say("deliveredThen")}</p>
          <Deliveries known={delivered.value.deliveries} /></>
      )}
      {notes.length > 0 && <><h3>{say("notes")}</h3><ul class="list">{notes.map((note, n) => <li key={n}><time dateTime={note.time}>{moment(note.time)}</time> <b>{note.by}</b> {note.text}</li>)}</ul></>}
    </section>
  );
}

/** A station's day until then. */
function Place({ station, at, detail, close }: { station: Station | undefined; at: number; detail: Detail | null; close: () => void }) {
  const stream = station && mainStream(station);
  const [from, to] = [at - DAY, at];
  const read = useLoaded<Observation[]>(async () => (station && stream
    ? observations(station.id, stream.kind, new Date(from - lead(stream)).toISOString(), new Date(to + 1).toISOString()) : []), [station?.id, stream?.kind, at]);
  const marks = detail ? marksOf(detail).filter((mark) => mark.at <= to) : [];
  if (!station || !stream) return null;
  const name = pick(station.name, station.id);
  const stands = standing(station, at);
  return (
    <section aria-labelledby="then-station" class="card">
      <h2 id="then-station">{name}</h2>
      <p class="facts"><StandingSign standing={stands} /> {quantity(stream.value, stream.unit)} <span class="mut">{moment(stream.time)}</span>{rank(stands.level) > 0 && <> · {levelWord(stands.level)}</>}</p>
      {read.wrong ? <Wrong wrong={read.wrong} /> : <Curve name={name} stream={stream} seen={read.value ?? []} from={from} to={to} marks={marks} />}
      <p class="buttons"><button type="button" onClick={close}>{say("close")}</button></p>
    </section>
  );
}
