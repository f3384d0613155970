// Sweeps as the server runs them: many settings of one or two parameters over a season.

import { get, part, post, remove } from "./api";
import { equal, type Knob, type Past, type Setting, type Settings, stops } from "./rule";

export interface Share { value: number | null; low: number | null; high: number | null }

export interface Point {
  set: Settings;
  catches: number;
  misses: number;
  false_alarms: number;
  pod: Share;
  far: Share;
  lead_s: number | null;
  firings: number;
  per_week: number | null;
}

export interface Standing {
  state: "reading" | "playing" | "done" | "stopped" | "failed";
  part: number;
  took_ms: number;
  from: string;
  to: string;
  events: number;
  observations: number;
  points: Point[];
  error: string | null;
  remedy: string | null;
}

const path = (rule: string): string => `/rules/${part(rule)}/sweeps`;

export const begin = (rule: string, params: Record<string, Setting[]>, { area, level, truth }: Past, days: number): Promise<{ sweep: number }> =>
  post(path(rule), { params, days, level, truth, ...(area ? { area } : {}) });
export const look = (rule: string, sweep: number): Promise<Standing> => get(`${path(rule)}/${sweep}`);
export const stop = (rule: string, sweep: number): Promise<unknown> => remove(`${path(rule)}/${sweep}`);

/** Where the report of a sweep is, as the command line writes it. */
export const reportOf = (rule: string, sweep: number): string => `/api/v1${path(rule)}/${sweep}/report`;

/** Values of one parameter that are tried alone, and together with those of another. */
const [ALONE, TOGETHER] = [21, 9];

/** The values of a parameter that a sweep tries: spread over its range on the stops of its slider, what is in force among
 * them. */
export function values(knob: Knob, inForce: Setting, together: boolean): Setting[] {
  const most = together ? TOGETHER : ALONE;
  const all = typeof knob.default === "number" ? numbers(knob, most) : spread(stops(knob, inForce), most);
  const with_ = all.some((one) => equal(one, inForce)) ? all : [...all, inForce];
  return typeof knob.default === "number" ? with_.map(Number).sort((one, other) => one - other) : stops(knob, inForce).filter((one) => with_.some((known) => equal(known, one)));
}

function numbers(knob: Knob, most: number): number[] {
  const [min, max] = [Number(knob.min), Number(knob.max)];
  const step = knob.step ?? (max - min) / (most - 1);
  const stride = step * Math.max(1, Math.ceil((max - min) / step / (most - 1)));
  const found: number[] = [];
  // Without the dust of binary fractions.
  for (let n = 0; min + n * stride <= max + step / 1e6; n += 1) found.push(Number((min + n * stride).toPrecision(12)));
  return found;
}

function spread(all: string[], most: number): string[] {
  const every = Math.max(1, Math.ceil(all.length / most));
  return all.filter((_, at) => at % every === 0 || at === all.length - 1);
}

/** Points of the chart: settings that are as good as each other lie on one spot. */
export interface Spot { falseAlarms: number; catches: number; points: Point[] }

export function spots(points: Point[]): Spot[] {
  const found = new Map<string, Spot>();
  for (const point of points) {
    const key = `${point.false_alarms}/${point.catches}`;
    const spot = found.get(key) ?? { falseAlarms: point.false_alarms, catches: point.catches, points: [] };
    spot.points.push(point);
    found.set(key, spot);
  }
  return [...found.values()];
}

/** Whether a point is a setting, as far as it names it. */
export const is = (point: Point, setting: Settings): boolean => Object.entries(point.set).every(([name, value]) => equal(value, setting[name]));
