// Incidents of one event under one heading: how many, where, how many wait. What waits for a person is never folded away.

import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { type Alert, areas, stations } from "./api";
import { type Gathered, type Lie, lieOf } from "./gather";
import { hazardName } from "./hazard";
import { useLoaded } from "./live";
import { Chip } from "./sign";
import { pick, say, tongue } from "./words";

/** Places named in a heading; the others are counted. */
const NAMED = 3;
/** Rows of one event drawn at once. */
const ROWS = 100;

let city: Promise<[Awaited<ReturnType<typeof areas>>, Awaited<ReturnType<typeof stations>>]> | null = null;
let askedAt = 0;
/** The city changes with its catalog only. */
const LASTS_MS = 600_000;

/** The city as it is laid out, asked for once for all views. */
const layout = (): NonNullable<typeof city> => {
  if (!city || Date.now() - askedAt > LASTS_MS) {
    askedAt = Date.now();
    city = Promise.all([areas(), stations()]);
    city.catch(() => { city = null; });
  }
  return city;
};

const NOWHERE: Lie = { river: new Map(), beside: new Map() };

export interface Layout {
  lie: Lie;
  nameOf: (code: string) => string;
  stationOf: (id: string) => string;
}

const ITSELF = (id: string): string => id;

/** How the city lies, and what its areas and stations are called. */
export function useLayout(): Layout {
  const found = useLoaded(layout, [], LASTS_MS);
  return useMemo(() => {
    if (!found.value) return { lie: NOWHERE, nameOf: ITSELF, stationOf: ITSELF };
    const [{ features }, { stations }] = found.value;
    const names = new Map(features.map(({ properties: { code, name } }) => [code, pick(name, code)]));
    const places = new Map(stations.map(({ id, name }) => [id, pick(name, id)]));
    return { lie: lieOf(features, stations), nameOf: (code: string) => names.get(code) ?? (code === "city" ? say("wholeCity") : code), stationOf: (id: string) => places.get(id) ?? id };
  }, [found.value]);
}

/** Events in their order, but for as long as the pointer is on the list in the order it found: what one is about to click
 *  stays where it is, and what is new comes last. */
export function useSteady(events: Gathered[]): { steady: Gathered[]; onPointerEnter: () => void; onPointerLeave: () => void } {
  const [held, hold] = useState<string[] | null>(null);
  const steady = useMemo(() => {
    if (!held) return events;
    const place = (event: Gathered): number => { const at = held.indexOf(event.key); return at < 0 ? held.length : at; };
    return [...events].sort((one, other) => place(one) - place(other));
  }, [events, held]);
  return { steady, onPointerEnter: () => hold(events.map((event) => event.key)), onPointerLeave: () => hold(null) };
}

/** What an incident is called at the desk: what, and where. How bad it is says its chip, in the officers' words; citizens read it in
 *  theirs, and a page that speaks both is read wrong at three in the morning. */
export function titleOf(alert: Alert, { nameOf, stationOf }: Layout): string {
  const place = alert.station ? `${stationOf(alert.station)}, ${nameOf(alert.area)}` : nameOf(alert.area);
  return `${alert.status === "Actual" ? "" : `[${say("exerciseMark")}] `}${hazardName(alert.hazard)} · ${place}`;
}

interface Props {
  event: Gathered;
  nameOf: (code: string) => string;
  /** How deep the heading stands. */
  deep: 2 | 3;
  row: (alert: Alert) => ComponentChildren;
}

/** A number with what it counts, as the language joins them. */
const counted = (count: number, word: string): string => `${count}${tongue === "ko" ? "" : " "}${word}`;

/** Where an event is, shortly. */
export function placesOf({ alerts }: Gathered, nameOf: (code: string) => string): string {
  const places = [...new Set(alerts.map((alert) => nameOf(alert.area)))];
  const rest = places.length - NAMED;
  return places.slice(0, NAMED).join(", ") + (rest > 0 ? ` + ${rest}` : "");
}

/** One event: the rows that wait, or else the first, and the others one step away. */
export function EventRows({ event, nameOf, deep, row }: Props) {
  const [open, setOpen] = useState(false);
  const [most, setMost] = useState(ROWS);
  const { alerts, waiting, level } = event;
  const first = waiting.length > 0 ? waiting : alerts.slice(0, 1);
  const rest = alerts.filter((alert) => !first.includes(alert));
  const Heading = deep === 2 ? "h2" : "h3";
  return (
    <li class="event">
      <Heading><Chip level={level} /> {hazardName(alerts[0]?.hazard ?? "")}: {placesOf(event, nameOf)}</Heading>
      <p class="mut" title={say("gatheredWhy")}>{counted(alerts.length, say("incidentsOfEvent"))}{waiting.length > 0 && <> · <strong>{waiting.length} {say("waiting")}</strong></>} · {say("gatheredShort")}</p>
      <ol>{first.slice(0, most).map(row)}</ol>
      {first.length > most && <p><button type="button" onClick={() => setMost(most + ROWS)}>{say("more")} ({most} / {first.length})</button></p>}
      {rest.length > 0 && (
        <details open={open} onToggle={(toggled) => setOpen(toggled.currentTarget.open)}>
          <summary>{counted(rest.length, say("othersOfEvent"))}</summary>
          {open && <ol>{rest.slice(0, most).map(row)}</ol>}
          {open && rest.length > most && <p><button type="button" onClick={() => setMost(most + ROWS)}>{say("more")} ({most} / {rest.length})</button></p>}
        </details>
      )}
    </li>
  );
}
