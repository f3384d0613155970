// One flood is an incident in each of its districts: what belongs together is shown together, and decided one by one.

import { type Alert, type Area, type Level, rank, type Station } from "./api";
import { spreads } from "./hazard";
import { isOpen, shownLevel } from "./order";

/** Incidents of one event, in the order in which they were given. */
export interface Gathered {
  /** It stays, whichever of them comes first. */
  key: string;
  alerts: Alert[];
  level: Level;
  /** Those that wait for a person. */
  waiting: Alert[];
}

/** How the city lies: which stations stand at one river, and which areas touch. */
export interface Lie {
  river: Map<string, string>;
  beside: Map<string, string[]>;
}

/** Sets that grow together; each is named by one of its members. */
class Sets {
  private readonly above = new Map<string, string>();

  of(member: string): string {
    let at = member;
    for (let next = this.above.get(at); next !== undefined; next = this.above.get(at)) at = next;
    if (at !== member) this.above.set(member, at);
    return at;
  }

  join(one: string, other: string): void {
    const [a, b] = [this.of(one), this.of(other)];
    if (a !== b) this.above.set(b, a);
  }
}

/** Some ten metres: borders of neighbours are drawn with the same corners, but for the last digits. */
const corner = (point: GeoJSON.Position): string => point.slice(0, 2).map((degrees) => degrees.toFixed(4)).join(" ");

function rings(geometry: GeoJSON.Geometry | null): GeoJSON.Position[][] {
  if (geometry?.type === "Polygon") return geometry.coordinates;
  return geometry?.type === "MultiPolygon" ? geometry.coordinates.flat() : [];
}

export function lieOf(areas: Area[], stations: Station[]): Lie {
  const rivers = new Sets();
  for (const station of stations) for (const up of station.upstream ?? []) rivers.join(station.id, up);
  const at = new Map<string, Set<string>>();
  for (const { properties: { code }, geometry } of areas) {
    for (const point of rings(geometry).flat()) {
      const here = at.get(corner(point)) ?? new Set();
      at.set(corner(point), here.add(code));
    }
  }
  const beside = new Map<string, Set<string>>();
  const touch = (one: string, other: string): void => {
    beside.set(one, (beside.get(one) ?? new Set()).add(other));
    beside.set(other, (beside.get(other) ?? new Set()).add(one));
  };
  for (const here of at.values()) {
    const all = [...here];
    all.forEach((one, n) => all.slice(n + 1).forEach((other) => touch(one, other)));
  }
  for (const { properties: { code, parent } } of areas) if (parent) touch(code, parent);
  return {
    river: new Map(stations.map((station) => [station.id, rivers.of(station.id)])),
    beside: new Map([...beside].map(([code, others]) => [code, [...others]])),
  };
}

/** What two incidents share if they are one event: a cause, a river, or a border of the other's area. */
function ties(alert: Alert, { river, beside }: Lie, areas: Set<string>): string[] {
  const station = alert.station ?? alert.evidence.find((reason) => reason.result === "true" && reason.station)?.station;
  const found = [`group ${alert.group}`];
  if (station) found.push(`station ${station}`);
  if (!spreads(alert.hazard)) return found;
  if (station && river.has(station)) found.push(`river ${river.get(station)}`);
  const near = (beside.get(alert.area) ?? []).filter((other) => areas.has(`${alert.status} ${alert.hazard} ${other}`));
  return [...found, `area ${alert.area}`, ...near.map((other) => `area ${other}`)];
}

/** The incidents by event, each where its first one stands. What is over, and what is practised, joins nothing that is meant. */
export function gathered(alerts: Alert[], lie: Lie): Gathered[] {
  const sets = new Sets();
  const open = alerts.filter(isOpen);
  const areas = new Set(open.map((alert) => `${alert.status} ${alert.hazard} ${alert.area}`));
  for (const alert of open) {
    for (const tie of ties(alert, lie, areas)) sets.join(`${alert.status} ${alert.hazard} ${tie}`, alert.incident);
  }
  const events = new Map<string, Alert[]>();
  for (const alert of alerts) {
    const key = sets.of(alert.incident);
    const known = events.get(key);
    if (known) known.push(alert);
    else events.set(key, [alert]);
  }
  return [...events.values()].map((of) => ({
    key: of.map((alert) => alert.incident).reduce((one, other) => (other < one ? other : one)),
    alerts: of,
    level: of.map(shownLevel).reduce((one, other) => (rank(other) > rank(one) ? other : one)),
    waiting: of.filter((alert) => alert.proposal),
  }));
}
