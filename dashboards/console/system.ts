// The systems of a city, told by what their stations observe; and how a station stands by its newest value.

import { type Level, LEVELS, rank, type Station, type Stream } from "./api";
import { tongue } from "./words";

export interface System {
  id: string;
  /** The sign in its marks on the map. */
  sign: string;
  name: [string, string];
  kinds: string[];
}

/** In the order in which a station that observes several things is told: the more telling first. */
export const SYSTEMS: System[] = [
  { id: "dam", sign: "D", name: ["댐", "Dams"], kinds: ["reservoir_level", "reservoir_inflow", "reservoir_outflow", "reservoir_volume"] },
  { id: "tide", sign: "T", name: ["조위", "Tide"], kinds: ["tide_level"] },
  { id: "river", sign: "R", name: ["하천", "Rivers"], kinds: ["river_stage", "river_discharge"] },
  { id: "underpass", sign: "U", name: ["지하차도", "Underpasses"], kinds: ["underpass_water_depth", "barrier_state"] },
  { id: "street", sign: "S", name: ["도로·하수관", "Streets and sewers"], kinds: ["road_water_depth", "sewer_level"] },
  { id: "slope", sign: "L", name: ["비탈면", "Slopes"], kinds: ["soil_moisture", "pore_pressure"] },
  { id: "structure", sign: "B", name: ["교량·시설물", "Structures"], kinds: ["tilt", "strain", "displacement", "crack_width", "vibration_frequency", "acceleration"] },
  { id: "charger", sign: "C", name: ["충전 대여소", "Charger stations"], kinds: ["charger_available", "charger_slots", "charger_slot_temperature"] },
  { id: "wifi", sign: "W", name: ["공공 와이파이", "Public WiFi"], kinds: ["wifi_up", "wifi_clients"] },
  { id: "site", sign: "N", name: ["웹사이트·보안", "Sites and security"], kinds: ["site_up", "site_latency", "auth_failures"] },
  { id: "supply", sign: "P", name: ["상수도·난방", "Water and heat"], kinds: ["water_pressure", "pipe_flow", "heat_supply_temperature", "heat_pressure"] },
  { id: "traffic", sign: "V", name: ["교통", "Traffic"], kinds: ["road_speed", "subway_delay"] },
  { id: "weather", sign: "M", name: ["강우·기상", "Rain and weather"], kinds: ["rainfall", "rainfall_counter", "temperature", "wind_speed"] },
];

const OTHER: System = { id: "other", sign: "?", name: ["기타", "Other"], kinds: [] };
const bare = (kind: string): string => kind.split(".")[0] ?? kind;

export const systemName = (system: System): string => system.name[tongue === "ko" ? 0 : 1];

export function systemOf(station: Station): System {
  const kinds = new Set(station.datastreams.map((stream) => bare(stream.kind)));
  return SYSTEMS.find((system) => system.kinds.some((kind) => kinds.has(kind))) ?? OTHER;
}

/** The datastream a station is judged by: one with levels, else the first its system is about. */
export function mainStream(station: Station): Stream | undefined {
  const system = systemOf(station);
  return station.datastreams.find((stream) => Object.keys(stream.levels).length > 0)
    ?? station.datastreams.find((stream) => system.kinds.includes(bare(stream.kind)))
    ?? station.datastreams[0];
}

export type Standing = { level: Level; trouble: "silent" | "doubtful" | null };

/** A value so many cadences old says nothing about now. */
const SILENT_CADENCES = 3;

export const silentAfter = (stream: Stream): number => stream.cadence_s * 1000 * SILENT_CADENCES;

export function standing(station: Station, now: number): Standing {
  const stream = mainStream(station);
  if (!stream || !stream.time || now - Date.parse(stream.time) > silentAfter(stream)) {
    return { level: "none", trouble: "silent" };
  }
  const value = stream.value;
  const doubtful = stream.flag !== null && stream.flag > 2;
  if (value === null || doubtful) return { level: "none", trouble: "doubtful" };
  const reached = LEVELS.filter((level) => {
    const limit = stream.levels[level];
    return limit !== undefined && value >= limit;
  });
  return { level: reached[reached.length - 1] ?? "none", trouble: null };
}

/** What an operator looks at first. */
export const weight = ({ level, trouble }: Standing): number =>
  rank(level) * 10 + (trouble === "doubtful" ? 2 : trouble === "silent" ? 1 : 0);
