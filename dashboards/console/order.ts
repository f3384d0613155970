// Which incidents are open, how bad they are for an operator, and in which order they are looked at.

import { type Alert, type Level, rank } from "./api";

export const isOpen = (alert: Alert): boolean => ["raised", "proposed", "issued"].includes(alert.state);

/** The level an operator must know of: what is proposed counts as much as what was said. */
export const shownLevel = (alert: Alert): Level =>
  [alert.level, alert.decided, alert.proposal?.level ?? "none"].reduce((one, other) => (rank(other) > rank(one) ? other : one));

/** What waits for a person first, the newest on top; then what is open, the worst on top; then what is over. */
export function sorted(alerts: Alert[]): Alert[] {
  const turn = (alert: Alert): number => (alert.proposal ? 0 : isOpen(alert) ? 1 : 2);
  const since = (alert: Alert): number => Date.parse(alert.proposal?.since ?? alert.updated);
  return [...alerts].sort((one, other) => turn(one) - turn(other)
    || (turn(one) === 1 ? rank(other.level) - rank(one.level) : 0) || since(other) - since(one));
}
