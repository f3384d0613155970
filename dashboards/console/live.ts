// The incidents as they stand, shared by every view: asked for when something changed, and every few seconds anyway,
// because a stream that has died looks like a quiet night.

import { useEffect, useState } from "preact/hooks";
import { type Alerts, alerts, Refusal } from "./api";

const EVERY_MS = 5_000;
/** Events of a busy minute are answered with one question. */
const PAUSE_MS = 250;

export interface Live {
  known: Alerts | null;
  /** When it was last read, by this machine's clock. */
  readAt: number;
  failed: boolean;
}

let live: Live = { known: null, readAt: 0, failed: false };
let timer: ReturnType<typeof setTimeout> | undefined;
let source: EventSource | undefined;
let asking = false;
let again = false;
const listeners = new Set<(live: Live) => void>();

const tell = (next: Live): void => {
  live = next;
  listeners.forEach((listener) => listener(live));
};

async function read(): Promise<void> {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  clearTimeout(timer);
  try {
    tell({ known: await alerts(), readAt: Date.now(), failed: false });
  } catch (wrong) {
    if (wrong instanceof Refusal && wrong.status === 401) {
      // Nobody is logged in any more, so that there is nothing to follow.
      asking = again = false;
      return;
    }
    tell({ ...live, failed: true });
  }
  asking = false;
  timer = setTimeout(read, again ? PAUSE_MS : EVERY_MS);
  again = false;
}

/** Something has changed, or will have: reads soon. */
export const refresh = (): void => {
  clearTimeout(timer);
  timer = setTimeout(read, PAUSE_MS);
};

/** Begins to follow. */
export function follow(): void {
  void read();
  source?.close();
  source = new EventSource("/api/v1/events");
  source.onmessage = refresh;
  for (const name of ["alert", "transition"]) source.addEventListener(name, refresh);
}

export function unfollow(): void {
  clearTimeout(timer);
  source?.close();
  live = { known: null, readAt: 0, failed: false };
}

export function useLive(): Live {
  const [now, set] = useState(live);
  useEffect(() => {
    listeners.add(set);
    set(live);
    return () => void listeners.delete(set);
  }, []);
  return now;
}

export interface Loaded<T> {
  value: T | null;
  wrong: Error | null;
  reload: () => void;
}

/** What a question answers; asked again when `keys` change and every `everyMs`. The last answer stays meanwhile. */
export function useLoaded<T>(ask: () => Promise<T>, keys: unknown[], everyMs = 0): Loaded<T> {
  const [state, set] = useState<{ value: T | null; wrong: Error | null }>({ value: null, wrong: null });
  const [turn, next] = useState(0);
  useEffect(() => {
    let wanted = true;
    const load = (): void => {
      ask().then(
        (value) => { if (wanted) set({ value, wrong: null }); },
        (wrong: Error) => { if (wanted) set((before) => ({ value: before.value, wrong })); },
      );
    };
    load();
    const repeat = everyMs > 0 ? setInterval(load, everyMs) : undefined;
    return () => {
      wanted = false;
      clearInterval(repeat);
    };
  }, [...keys, turn]);
  return { ...state, reload: () => next(turn + 1) };
}
