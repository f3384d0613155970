// Levels and states as colour, shape and words: any one of the three is enough.

import type { Level } from "./api";
import type { Standing } from "./system";
import { type Key, say } from "./words";

const SHAPES: Partial<Record<Level, string>> = {
  advisory: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm-1.4 4h2.8v2.6h-2.8zm0 4.4h2.8V18h-2.8z",
  watch: "M12 2 1 21.5h22zm-1.3 7h2.6v6h-2.6zm0 7.4h2.6V19h-2.6z",
  warning: "M12 .8 23.2 12 12 23.2.8 12zm-1.4 5.7v7h2.8v-7zm0 8.6v2.6h2.8v-2.6z",
  emergency: "M7.4 1h9.2L23 7.4v9.2L16.6 23H7.4L1 16.6V7.4zm3.2 4.5v8h2.8v-8zm0 10v3h2.8v-3z",
};

export const levelWord = (level: Level): string => say(level === "none" ? "calm" : level);

export function Chip({ level }: { level: Level }) {
  const shape = SHAPES[level];
  return (
    <span class={`chip ${level}`}>
      {shape && <svg viewBox="0 0 24 24" aria-hidden="true"><path d={shape} fill-rule="evenodd" /></svg>}
      {levelWord(level)}
    </span>
  );
}

const STATES: Record<string, Key> = {
  raised: "raised", proposed: "proposed", issued: "issued", ended: "ended", cancelled: "cancelledState", rejected: "rejected",
};
export const stateWord = (state: string): string => {
  const key = STATES[state];
  return key ? say(key) : state;
};

export function StandingSign({ standing }: { standing: Standing }) {
  if (standing.trouble === "silent") return <span class="chip trouble">✕ {say("silent")}</span>;
  if (standing.trouble === "doubtful") return <span class="chip trouble">? {say("doubtful")}</span>;
  return <Chip level={standing.level} />;
}
