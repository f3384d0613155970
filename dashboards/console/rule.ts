// Rules as the server tells them, and what is in force where.

import { type Area, get, type Level, LEVELS, part, post, type Station, type Texts } from "./api";

export type Setting = number | string;
export type Settings = Record<string, Setting>;

export interface Knob {
  name: string;
  default: Setting;
  min: Setting;
  max: Setting;
  step: number | null;
  unit: string;
  /** What it means and where the number is from, by language. */
  why: Texts;
  quick: boolean;
}

export interface Tuned {
  station: string | null;
  area: string | null;
  set: Settings;
  author: string;
  reason: string;
}

export type Mode = "shadow" | "propose" | "live";

export interface Listed {
  id: string;
  hazard: string;
  title: Texts;
  pack: string;
  file: string;
  scope: "station" | "area" | "city";
  audience: "public" | "operators";
  mode: Mode;
  release: Partial<Record<Level, string>>;
  version: string;
  author: string | null;
  since: string | null;
  inputs: { name: string; kind: string | null; optional: boolean }[];
  params: Knob[];
  overrides: Tuned[];
  waiting: number;
}

export interface Change { what: string; before: string | null; after: string | null }

export interface Diagnostic {
  file: string | null;
  line: number;
  column: number;
  end_line: number;
  end_column: number;
  message: Texts;
  remedy: Texts;
}

export interface Submission {
  id: number;
  author: string;
  time: string;
  reason: string;
  state: "waiting" | "approved" | "rejected" | "withdrawn";
  by: string | null;
  decided: string | null;
  answer: string | null;
  outdated: boolean;
  text: string;
  changes: Change[];
}

export interface Rule extends Listed {
  overrides_version: string;
  text: string;
  versions: { hash: string; author: string; time: string; reason: string | null; changes: Change[] }[];
  submissions: Submission[];
  words: { call: string; meaning: string }[];
}

/** What a firing was worth. */
export type Verdict = "caught" | "late" | "false_alarm" | "unjudged";
export interface Firing { place: string; from: string; to: string | null; verdict: Verdict | null }
export interface Missed { place: string; from: string; to: string }

/** How good a setting was. */
export interface Judged {
  catches: number;
  false_alarms: number;
  unjudged: number;
  lead_s: number | null;
  misses: Missed[];
  /** Of the misses, those that a warning came to when they had begun. */
  late: number;
}

/** What firings are judged by: the stations' own limit of a level, an agency's word, or people's. */
export type Truth = Exclude<Level, "none"> | "agency" | "people";

export interface Tried {
  from: string;
  to: string;
  observations: number;
  quick: boolean;
  prepared_ms: number;
  took_ms: number;
  firings: Firing[];
  judged: Judged | null;
}

/** A rule whose first text waits for a second person. */
export interface New { rule: string; id: number; author: string; time: string; reason: string; text: string }

export const library = (): Promise<{ rules: Listed[]; new: New[] }> => get("/rules");

/** A part of the manual of everything a rule may say. */
export interface Chapter { title: [string, string]; entries: { call: string; meaning: string; facts: [string, string][] }[] }
export const manual = (): Promise<{ chapters: Chapter[] }> => get("/reference");
export const rule = (id: string): Promise<Rule> => get(`/rules/${part(id)}`);

/** What a rule would have found lately with these parameters; those not named are as they are in force. */
export const tried = (id: string, params: Settings, { area, level, truth }: Past, signal: AbortSignal): Promise<Tried> =>
  post(`/rules/${part(id)}/try`, { params, days: DAYS, level, truth, ...(area ? { area } : {}) }, { signal });

/** Which past a rule is tried on: where (empty: the whole city), from which level on it counts, and judged by what. */
export interface Past { area: string; level: Level; truth: Truth }

/** Days that are looked back. */
export const DAYS = 30;

/** A value of a header as it is written: a number, or a text in quotation marks. */
function plain(text: string): Setting | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "number" || typeof value === "string" ? value : null;
  } catch {
    return null;
  }
}

/** The parameter whose default a change is of; null: it is of something else. */
const knobOf = ({ what }: Change): string | null => /^params\.(.+)\.default$/.exec(what)?.[1] ?? null;

/** Whether nothing but defaults of parameters is changed. */
export const isOfDefaults = (changes: Change[]): boolean => changes.length > 0 && changes.every((change) => knobOf(change) !== null);

/** The parameters of a submission that changes nothing but defaults of them; null: it changes more. */
export function defaultsOf(rule: Listed, changes: Change[]): Settings | null {
  const found: Settings = {};
  for (const change of changes) {
    const knob = rule.params.find((one) => one.name === knobOf(change));
    const value = change.after === null ? null : plain(change.after);
    if (!knob || value === null || typeof value !== typeof knob.default) return null;
    found[knob.name] = value;
  }
  return changes.length > 0 ? found : null;
}

/** An area and those that it lies in, the innermost first. */
export function around(code: string, areas: Area[]): string[] {
  const found: string[] = [];
  for (let at: string | null = code; at && !found.includes(at);) {
    found.push(at);
    at = areas.find((area) => area.properties.code === at)?.properties.parent ?? null;
  }
  return found;
}

/** The parameters in force in an area; the nearest override wins, as in the engine. */
export function inForce(rule: Listed, code: string, areas: Area[]): Settings {
  const found: Settings = Object.fromEntries(rule.params.map((knob) => [knob.name, knob.default]));
  const lay = (area: string | null): void => {
    for (const one of rule.overrides) if (!one.station && one.area === area) Object.assign(found, one.set);
  };
  lay(null);
  if (code) around(code, areas).reverse().forEach(lay);
  return found;
}

/** What the firings of a rule can be judged by in an area: what its stations have limits of, and who speaks there. */
export function truthsOf(rule: Listed, code: string, stations: Station[], areas: Area[]): Truth[] {
  const wanted = rule.inputs.filter((input) => !input.optional).map((input) => input.kind);
  const here = stations.filter((one) => !code || around(one.area, areas).includes(code)).flatMap((one) => one.datastreams);
  const limits = new Set(here.filter((one) => wanted.includes(one.kind.split(".")[0] ?? "")).flatMap((one) => Object.keys(one.levels)));
  const levels = LEVELS.filter((level): level is Exclude<Level, "none"> => level !== "none" && limits.has(level));
  const agency = here.some((one) => one.kind.split(".")[0] === "agency_level");
  return [...levels, ...(agency ? ["agency" as const] : []), "people"];
}

/** The areas in which a station has what a rule cannot do without, with those around them. */
export function areasOf(rule: Listed, stations: Station[], areas: Area[]): Set<string> {
  const wanted = rule.inputs.filter((input) => !input.optional).map((input) => input.kind);
  const fits = (station: Station): boolean => wanted.some((kind) => kind === null || station.datastreams.some((one) => one.kind.split(".")[0] === kind));
  return new Set(stations.filter(fits).flatMap((station) => around(station.area, areas)));
}

export type Fate = "same" | "gained" | "lost";
export interface Compared extends Firing { fate: Fate }

/** Two answers side by side: a firing is the same where the other has one at the same place and time. */
export function compare(now: Firing[], wanted: Firing[]): Compared[] {
  const ends = (one: Firing): number => (one.to === null ? Infinity : Date.parse(one.to));
  const meets = (one: Firing) => (other: Firing): boolean =>
    one.place === other.place && Date.parse(one.from) <= ends(other) && Date.parse(other.from) <= ends(one);
  const found: Compared[] = wanted.map((one) => ({ ...one, fate: now.some(meets(one)) ? "same" : "gained" }));
  found.push(...now.filter((one) => !wanted.some(meets(one))).map((one): Compared => ({ ...one, fate: "lost" })));
  return found.sort((one, other) => Date.parse(one.from) - Date.parse(other.from));
}

const UNITS: [string, number][] = [["d", 86_400], ["h", 3_600], ["m", 60], ["s", 1]];

/** The seconds of a duration such as 90m. */
export function seconds(text: string): number {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  const size = found?.[2] === "ms" ? 0.001 : UNITS.find(([unit]) => unit === found?.[2])?.[1];
  return found && size ? Number(found[1]) * size : NaN;
}

const written = (length: number): string => {
  const [unit, size] = UNITS.find(([, size]) => length % size === 0) ?? ["s", 1];
  return `${length / size}${unit}`;
};

const USUAL = [60, 120, 180, 300, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200, 10800, 14400, 21600, 28800, 43200, 64800, 86400, 172800, 259200, 604800];

/** The durations that a slider stops at: usual ones in the range, and those that are named. */
export function stops(knob: Knob, inForce: Setting): string[] {
  const [least, most] = [seconds(String(knob.min)), seconds(String(knob.max))];
  const named = [knob.min, knob.max, knob.default, inForce].map(String);
  const usual = USUAL.filter((length) => length > least && length < most && !named.some((text) => seconds(text) === length)).map(written);
  return [...new Set([...named, ...usual])].sort((one, other) => seconds(one) - seconds(other));
}

/** Whether two settings are the same. */
export const equal = (one: Setting | undefined, other: Setting | undefined): boolean =>
  one === other || (typeof one === "string" && typeof other === "string" && seconds(one) === seconds(other));
