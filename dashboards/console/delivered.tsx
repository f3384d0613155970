// What became of what was said: of how many recipients how many have it, and each delivery, as they stand or as they stood
// at a moment of the past.

import { type Alert, type Fates, get, type Moment, part } from "./api";
import { STATUS } from "./facts";
import { Table } from "./table";
import { clock, moment } from "./time";
import { type Key, say } from "./words";

/** One message for one recipient of one channel; `null` is what is not known of a moment of the past. */
export interface Delivery {
  id: number;
  channel: string;
  target: string;
  identifier: string;
  state: string;
  attempts: number | null;
  updated: string | null;
  detail: string | null;
}

export interface Delivered {
  deliveries: Delivery[];
  /** The newest message. */
  newest: string | undefined;
  /** Of the newest message; `null`: it is so old that not all are kept. */
  fates: Fates | null;
  /** The moment of the past they stood so at. */
  at: number | undefined;
}

/** Messages of an incident whose deliveries are shown, the newest. */
const MESSAGES = 4;

/** What was said in these changes, the newest last. */
export function messagesOf(timeline: Moment[]): NonNullable<Moment["message"]>[] {
  const said = timeline.flatMap((step) => (step.message ? [step.message] : []));
  return said.filter((message, at) => said.findIndex(({ identifier }) => identifier === message.identifier) === at).slice(-MESSAGES);
}

/** Whether citizens are told of it. */
export const isPublic = (alert: Alert): boolean => alert.audience === "public" && alert.status === STATUS;

export const FATES: [string, Key][] =
  [["pending", "pending"], ["sent", "sent"], ["rejected", "refused"], ["expired", "expired"], ["superseded", "superseded"]];
export const fateWord = (state: string): string => say(FATES.find(([known]) => known === state)?.[1] ?? "unknown");

/** What became of messages, the newest last: now, or by a moment. */
export async function deliveredOf(identifiers: string[], at?: number): Promise<Delivered> {
  const then = at === undefined ? "" : `&at=${part(new Date(at).toISOString())}`;
  const answers = await Promise.all(identifiers.map((one) =>
    get<{ deliveries: Delivery[]; counts: Fates | null }>(`/deliveries?identifier=${part(one)}${then}`)));
  const last = answers.at(-1);
  const deliveries = answers.flatMap((answer) => answer.deliveries).sort((one, other) => other.id - one.id);
  return { deliveries, newest: identifiers.at(-1), fates: last ? last.counts : {}, at };
}

export const owedOf = (fates: Fates): number => Object.values(fates).reduce((sum, count) => sum + count, 0);

/** How many of how many have it, and what became of the others. */
export function Tally({ fates }: { fates: Fates }) {
  const others = FATES.filter(([state]) => state !== "sent" && (fates[state] ?? 0) > 0).map(([state]) => `${fateWord(state)} ${fates[state]}`);
  return <><strong>{fates.sent ?? 0} / {owedOf(fates)}</strong>{others.length > 0 && <> ({others.join(", ")})</>}</>;
}

/** What was said last, and whether it has arrived. */
export function Arrived({ sent, isPublic, fates }: { sent: string; isPublic: boolean; fates: Fates | null }) {
  const all = fates ? owedOf(fates) : 0;
  return (
    <>
      {say("saidAt")} {clock(sent)}: {isPublic ? say("onPagesAtOnce") : say("toOperatorsAtOnce")}.{" "}
      {!fates ? say("deliveriesGone") : all === 0 ? say("nobodyElse") : <>{say("deliveredTo")} <Tally fates={fates} />
        {(fates.pending ?? 0) > 0 && <progress max={all} value={fates.sent ?? 0} aria-label={say("deliveredTo")} />}</>}
    </>
  );
}

const recipient = (one: Delivery) => <>{one.channel} <span class="mut">{one.target}</span></>;
const result = (one: Delivery) => <>{fateWord(one.state)}{one.detail && <> · {one.detail}</>}</>;
const written = (one: Delivery): string => (one.updated ? moment(one.updated) : "–");

/** Each delivery of an incident. */
export function Deliveries({ known }: { known: Delivery[] }) {
  if (known.length === 0) return <p>{say("noDeliveries")}</p>;
  return (
    <Table label={say("deliveries")} rows={known} keyOf={(one) => one.id} columns={[
      { head: say("channel"), cell: recipient },
      { head: say("result"), cell: result },
      { head: say("attempts"), class: "num", cell: (one) => one.attempts ?? "–" },
      { head: say("time"), class: "num", cell: written },
    ]} />
  );
}
