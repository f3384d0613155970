// Moments and numbers as people read them, in the city's zone.

import { ZONE } from "./facts";
import { tongue } from "./words";

const locale = tongue === "ko" ? "ko-KR" : "en-GB";
const zoned = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat => {
  try {
    return new Intl.DateTimeFormat(locale, { ...options, timeZone: ZONE });
  } catch {
    // A zone this browser does not know: its own is better than none.
    return new Intl.DateTimeFormat(locale, options);
  }
};
const full = zoned({ month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const short = zoned({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const date = zoned({ month: "short", day: "numeric" });

type Time = string | number | Date | null | undefined;
/** A time that is not known is a dash: one missing field must not take a whole view away. */
const written = (format: Intl.DateTimeFormat, time: Time): string => {
  const date = new Date(time ?? NaN);
  return Number.isNaN(date.getTime()) ? "–" : format.format(date);
};
export const moment = (time: Time): string => written(full, time);
export const clock = (time: Time): string => written(short, time);

const parts = zoned({ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** A moment's day and time in the zone, as digits. */
const digits = (time: number): Record<string, string> =>
  Object.fromEntries(parts.formatToParts(time).map(({ type, value }) => [type, value.replace(/\D/g, "")]));

/** The day of a moment, 2026-07-08, in the city's zone. */
export function dateOf(time: number): string {
  const { year, month, day } = digits(time);
  return `${year}-${month}-${day}`;
}

/** When a day, 2026-07-08, begins in the city's zone. */
export function startOf(date: string): number {
  const utc = Date.parse(`${date}T00:00:00Z`);
  // How far the zone's clocks are ahead there; asked twice, for days on which they are moved.
  const ahead = (time: number): number => {
    const { year, month, day, hour, minute, second } = digits(time);
    return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) - time;
  };
  return utc - ahead(utc - ahead(utc));
}

export const day = (time: Time): string => written(date, time);

/** A length of time, coarse: 3 min, 2 h 5 min. */
export function length(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60000);
  const [h, min] = tongue === "ko" ? ["시간", "분"] : [" h", " min"];
  if (minutes < 60) return `${minutes}${min}`;
  if (minutes >= 2_880) return `${Number((minutes / 1_440).toFixed(1))}${tongue === "ko" ? "일" : " d"}`;
  const rest = minutes % 60;
  return rest === 0 ? `${Math.floor(minutes / 60)}${h}` : `${Math.floor(minutes / 60)}${h} ${rest}${min}`;
}

const UNITS: Record<string, string> = {
  "1": "", "{count}": "", Cel: "°C", deg: "°", "m3/s": "m³/s", "cm/s2": "cm/s²", "um/m": "µm/m", "m/h": "m/h",
};
export const unit = (ucum: string): string => UNITS[ucum] ?? ucum;

/** A number with as many decimals as it is worth, at most two. */
export const number = (value: number): string => String(Number(value.toFixed(2)));

export const quantity = (value: number | null | undefined, ucum: string): string =>
  value === null || value === undefined ? "–" : `${number(value)}${unit(ucum) === "" ? "" : "\u00a0"}${unit(ucum)}`;

const OPERATORS: Record<string, string> = { ">=": "≥", "<=": "≤", "==": "=", "!=": "≠" };
export const comparison = (op: string): string => OPERATORS[op] ?? op;
