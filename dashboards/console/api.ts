// What the server says, and how it is asked. Every refusal carries what to do instead; it is shown as it comes.

export type Level = "none" | "advisory" | "watch" | "warning" | "emergency";
export const LEVELS: Level[] = ["none", "advisory", "watch", "warning", "emergency"];
export const rank = (level: Level | null | undefined): number => Math.max(0, LEVELS.indexOf(level ?? "none"));

export type Texts = Record<string, string>;

export interface Reason {
  label: Texts;
  station: string | null;
  value: number | null;
  unit: string;
  op: string;
  limit: number | null;
  result: "true" | "false" | "unknown";
}

export interface Proposal {
  level: Level;
  since: string;
  deadline: string;
  escalated: boolean;
}

export interface Mark {
  by: string;
  at: string;
}

export interface Alert {
  incident: string;
  identifier: string | null;
  sent: string | null;
  status: string;
  hazard: string;
  area: string;
  level: Level;
  state: string;
  headline: Texts;
  instruction: Texts;
  onset: string;
  expires: string | null;
  evidence: Reason[];
  audience: "public" | "operators";
  decided: Level;
  issued: Level | null;
  proposal: Proposal | null;
  rule: string;
  station: string | null;
  group: string;
  updated: string;
  owner?: string | null;
  acknowledged?: Mark | null;
  silenced?: { until: string; by: string; reason: string } | null;
}

export interface Moment {
  time: string;
  cause: string;
  from: Level;
  level: Level;
  state: string;
  by?: string | null;
  reason?: string | null;
  message?: { identifier: string; sent: string; level: Level; msg_type: string } | null;
}

export interface Note {
  time: string;
  by: string;
  text: string;
}

export interface Detail extends Alert {
  timeline: Moment[];
  notes: Note[];
  proposal_hash: string | null;
  required: "one" | "two" | null;
  approvals: Mark[];
  population: number | null;
  type_population: boolean;
  lacks_geometry: boolean;
  channels: string[];
  preview: Record<string, Record<string, unknown>>;
  sending_class?: string | null;
  areas: string[];
}

export interface Stream {
  kind: string;
  unit: string;
  cadence_s: number;
  /** A value at a moment, an amount since the last reading, a running total, or a state. */
  nature: "level" | "amount" | "counter" | "state";
  levels: Partial<Record<Level, number>>;
  time: string | null;
  value: number | null;
  flag: number | null;
  /** The flag of each quality test that could judge it. */
  tests: Record<string, number>;
}

export interface Station {
  id: string;
  name: Texts;
  position: [number, number];
  area: string;
  affects: string[];
  upstream: string[];
  datastreams: Stream[];
}

export interface Observation {
  time: string;
  value: number | null;
  flag: number;
  /** Of what is in doubt: the flag of each test that could judge it. */
  tests?: Record<string, number>;
}

export interface Area {
  type: "Feature";
  properties: { code: string; kind: string; parent: string | null; name: Texts };
  geometry: GeoJSON.Geometry | null;
}

export type Role = "viewer" | "operator" | "approver" | "rule_author" | "admin";

export interface Me {
  user: string;
  role: Role;
  csrf: string;
  totp: boolean;
}

/** A refusal: what is wrong, and what to do instead. */
export class Refusal extends Error {
  constructor(readonly status: number, message: string, readonly remedy: string, readonly said: unknown = null) {
    super(message);
  }
}

let csrf = "";
/** Remembers what changing requests must carry. */
export const keepToken = (token: string): void => {
  csrf = token;
};

let gone: (refused: Refusal) => void = () => undefined;
/** Who is told when nobody is logged in, or not any more. */
export const whenGone = (tell: (refused: Refusal) => void): void => {
  gone = tell;
};

interface Asked {
  /** The version that a change is made of, as it was read. */
  seen?: string;
  /** Nothing of the kind is there yet. */
  fresh?: boolean;
  /** Nobody waits for the answer any more. */
  signal?: AbortSignal;
}

async function ask<T>(method: string, path: string, body?: unknown, { seen, fresh, signal }: Asked = {}): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (method !== "GET") headers["x-bongsu-csrf"] = csrf;
  if (body !== undefined) headers["content-type"] = "application/json";
  if (seen !== undefined) headers["if-match"] = `"${seen}"`;
  if (fresh) headers["if-none-match"] = "*";
  const answer = await fetch(`/api/v1${path}`, {
    method,
    headers,
    credentials: "same-origin",
    body: body === undefined ? undefined : JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
  const text = await answer.text();
  const read = (): unknown => {
    try {
      return text === "" ? null : JSON.parse(text);
    } catch {
      return null;
    }
  };
  const said = read();
  if (!answer.ok) {
    const problem = (said ?? {}) as { error?: string; remedy?: string };
    const refused = new Refusal(answer.status, problem.error ?? answer.statusText, problem.remedy ?? "", said);
    // What is wrong at the login itself is that page's business.
    if (answer.status === 401 && !path.startsWith("/login")) gone(refused);
    throw refused;
  }
  return said as T;
}

export const get = <T>(path: string): Promise<T> => ask<T>("GET", path);
export const post = <T>(path: string, body: unknown = {}, asked: Asked = {}): Promise<T> => ask<T>("POST", path, body, asked);
export const put = <T>(path: string, body: unknown, asked: Asked): Promise<T> => ask<T>("PUT", path, body, asked);

export const remove = (path: string): Promise<unknown> => ask<unknown>("DELETE", path);

/** A path's part that came from outside. */
export const part = encodeURIComponent;

/** How many deliveries stand in each state. */
export type Fates = Record<string, number>;

export interface Alerts {
  time: string;
  current: boolean;
  alerts: Alert[];
  /** Of a moment of the past: of each message that was said last by then, how its deliveries stood; `null`: that is not kept any more. */
  deliveries?: Record<string, Fates | null>;
}

/** Incidents of one answer. */
const PAGE = 200;
/** More open incidents than this are a flood of another kind. */
const PAGES = 10;

/** The incidents that live and those that ended lately, or those that were open at a moment: all pages of them. */
export async function alerts(at?: string): Promise<Alerts> {
  const then = at ? `&at=${part(at)}` : "";
  const first = await get<Alerts>(`/alerts?page=1${then}`);
  let last = first;
  for (let page = 2; last.alerts.length === PAGE && page <= PAGES; page += 1) {
    last = await get<Alerts>(`/alerts?page=${page}${then}`);
    first.alerts.push(...last.alerts);
    Object.assign(first.deliveries ?? {}, last.deliveries);
  }
  return first;
}

/** One incident with everything about it. */
export const incident = (id: string): Promise<Detail> => get<Detail>(`/alerts/${part(id)}`);

/** A series that a rule asks, and how it stands. */
export interface Heard {
  input: string;
  optional: boolean;
  station: string | null;
  kind: string | null;
  unit: string;
  state: "known" | "silent" | "doubted" | "never_heard" | "no_station";
  usable: { time: string; value: number } | null;
  newest: { time: string; value: number | null; flag: number; tests: Record<string, number> } | null;
}

/** What a rule says at a place now. */
export interface Explained {
  time: string;
  rule: string;
  place: string;
  reached: Level;
  stands: Level;
  undecided: boolean;
  failure: string | null;
  checks: Reason[];
  series: Heard[];
}

export const explained = (rule: string, place: string): Promise<Explained> => get(`/rules/${part(rule)}/explain?place=${part(place)}`);

export const stations = (at?: string): Promise<{ time: string; stations: Station[] }> =>
  get(`/stations${at ? `?at=${part(at)}` : ""}`);

export const areas = (): Promise<{ features: Area[] }> => get("/areas");

/** A datastream's observations over a span, oldest first, page by page. */
export async function observations(station: string, kind: string, from: string, to: string): Promise<Observation[]> {
  const found: Observation[] = [];
  let path: string | null =
    `/observations?station=${part(station)}&kind=${part(kind)}&from=${part(from)}&to=${part(to)}&limit=10000`;
  // Three pages are a week of one value every twenty seconds: more cannot be drawn anyway.
  for (let page = 0; path && page < 3; page += 1) {
    const answer: { observations: Observation[]; next: string | null } = await get(path);
    found.push(...answer.observations);
    path = answer.next?.replace(/^\/api\/v1/, "") ?? null;
  }
  return found;
}
