// Amounts that add up over time: rain, rentals, attempts. A counter's rises are what came; its fall is a fresh start.

import type { Observation, Stream } from "./api";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What came within a part of the span. */
export interface Part {
  from: number;
  to: number;
  /** `null`: nobody said anything. */
  sum: number | null;
  /** Readings are missing: at least so much. */
  partly: boolean;
}

export const isAmount = (stream: Stream): boolean => stream.nature === "amount" || stream.nature === "counter";

/** How far before a span a counter must be read for its first rise. */
export const lead = (stream: Stream): number => stream.cadence_s * 1000 * 2.5;

/** The part that a span is cut into: as long as people speak of rain. */
export const partOf = (span: number): number => (span <= 6 * HOUR ? 30 * MINUTE : span <= 36 * HOUR ? HOUR : 6 * HOUR);

/** What came with each reading, by time. */
function gains(stream: Stream, seen: Observation[]): { at: number; gain: number }[] {
  const good = seen.filter((one) => one.value !== null && one.flag < 3).map((one) => ({ at: Date.parse(one.time), value: one.value as number }));
  if (stream.nature === "amount") return good.map(({ at, value }) => ({ at, gain: value }));
  const found = [];
  for (let n = 1; n < good.length; n += 1) {
    const [before, now] = [good[n - 1], good[n]];
    if (before && now) found.push({ at: now.at, gain: now.value >= before.value ? now.value - before.value : now.value });
  }
  return found;
}

/** The span in parts of whole hours, the last one perhaps still filling. */
export function parts(stream: Stream, seen: Observation[], from: number, to: number): Part[] {
  const length = partOf(to - from);
  const begins = Math.floor(from / length) * length;
  const all = gains(stream, seen);
  const found: Part[] = [];
  for (let at = begins; at < to; at += length) {
    // A reading says what came before it: one of noon belongs to the hour that ends then.
    const here = all.filter((one) => one.at > at && one.at <= at + length);
    const lasts = Math.min(at + length, to) - Math.max(at, from);
    const expected = Math.max(1, Math.floor(lasts / Math.max(1000, stream.cadence_s * 1000)));
    found.push({ from: at, to: at + length, sum: here.length === 0 ? null : here.reduce((sum, { gain }) => sum + gain, 0), partly: here.length < expected * 0.8 });
  }
  return found;
}

/** What came within the last of a length; `null`: nobody said anything. */
export function lately(stream: Stream, seen: Observation[], now: number, length: number): number | null {
  const here = gains(stream, seen).filter(({ at }) => at > now - length && at <= now);
  return here.length === 0 ? null : here.reduce((sum, { gain }) => sum + gain, 0);
}
