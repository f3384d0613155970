// What quality control says of an observation, in words.

import type { Stream } from "./api";
import { silentAfter } from "./system";
import { moment } from "./time";
import { say, tongue } from "./words";

const FLAGS: Record<number, [string, string]> = {
  1: ["정상", "pass"], 2: ["검사하지 못함", "not evaluated"], 3: ["의심", "suspect"], 4: ["믿지 않음", "fail"], 9: ["값 없음", "missing"],
};

/** A QARTOD flag. */
export const flagWord = (flag: number): string => {
  const word = FLAGS[flag];
  return word ? `${flag} ${word[tongue === "ko" ? 0 : 1]}` : String(flag);
};

const TESTS: Record<string, [string, string]> = {
  gross_range: ["있을 수 있는 범위를 벗어남", "outside of what is possible"],
  rate_of_change: ["너무 빨리 바뀜", "changes too fast"],
  gap: ["오래 끊긴 뒤 첫 값", "the first after a long gap"],
  spike: ["혼자 튄 값", "a spike"],
  flat_line: ["멈춘 값", "it does not move"],
  attenuated_signal: ["움직임이 너무 작음", "it hardly moves"],
  climatology: ["이 철에 없던 값", "unlike this season"],
  neighbours: ["이웃 관측소와 다름", "unlike its neighbours"],
};

const testWord = (name: string): string => TESTS[name]?.[tongue === "ko" ? 0 : 1] ?? name;

/** What the tests found that an observation did not pass. */
export const failedTests = (tests: Record<string, number>): string =>
  Object.entries(tests).filter(([, flag]) => flag === 3 || flag === 4).map(([name]) => testWord(name)).join(", ");

/** Why a datastream says nothing usable now; nothing where it does. */
export function doubtOf(stream: Stream, now: number): string | null {
  if (!stream.time) return say("neverHeard");
  if (stream.flag !== null && stream.flag >= 3) {
    return `${moment(stream.time)}: ${say("notBelieved")} (${failedTests(stream.tests ?? {}) || flagWord(stream.flag)})`;
  }
  return now - Date.parse(stream.time) > silentAfter(stream) ? `${say("noReadingSince")} ${moment(stream.time)}` : null;
}
