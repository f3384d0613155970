// What waits for a person: one list, the newest proposal on top, with its deadline; incidents of one event together. Keys work while the list has the
// focus, so that no letter typed elsewhere decides anything.

import { useContext, useMemo, useRef, useState } from "preact/hooks";
import { type Alert, part, post, rank } from "../api";
import { Wrong } from "../ask";
import { gathered } from "../gather";
import { EventRows, titleOf, useLayout, useSteady } from "../gathered";
import { refresh, useLive } from "../live";
import { isOpen, sorted } from "../order";
import { Reviews } from "../reviews";
import { Session, useMay } from "../session";
import { Chip, stateWord } from "../sign";
import { clock, length, moment } from "../time";
import { go, Link } from "../way";
import { pick, say } from "../words";

/** Rows drawn at once. */
const ROWS = 100;

/** How long until a proposal decides itself. */
export function Deadline({ alert, now }: { alert: Alert; now: number }) {
  if (!alert.proposal) return null;
  const left = Date.parse(alert.proposal.deadline) - now;
  return (
    <span class={left < 60_000 ? "deadline near" : "deadline"}>
      {say("deadline")} {clock(alert.proposal.deadline)} ({left > 0 ? length(left) : say("overdue")})
      {alert.proposal.escalated && <> · {say("escalated")}</>}
      {alert.audience === "public" && rank(alert.proposal.level) >= rank("warning") && <> · {say("byItself")}</>}
    </span>
  );
}

export function Inbox() {
  const live = useLive();
  const me = useContext(Session);
  const reviews = useContext(Reviews);
  const may = useMay("operator");
  const list = useRef<HTMLOListElement>(null);
  const [ended, setEnded] = useState(false);
  const [rows, setRows] = useState(ROWS);
  const [wrong, setWrong] = useState<Error | null>(null);
  const all = live.known?.alerts ?? [];
  const shown = sorted(all.filter((alert) => ended || isOpen(alert)));
  const layout = useLayout();
  const { lie, nameOf } = layout;
  const { steady: events, onPointerEnter, onPointerLeave } = useSteady(useMemo(() => gathered(shown, lie), [live.known, ended, lie]));
  const now = live.known ? Date.parse(live.known.time) : Date.now();
  const waiting = all.filter((alert) => alert.proposal).length;
  const unseen = all.filter((alert) => isOpen(alert) && !alert.acknowledged).length;
  const mine = all.filter((alert) => isOpen(alert) && alert.owner === me?.user).length;

  const acknowledge = (alert: Alert): void => {
    post(`/alerts/${part(alert.incident)}/ack`).then(() => { setWrong(null); refresh(); }, setWrong);
  };
  const keys = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // Rows that are folded away are not walked through.
    const items = [...(list.current?.querySelectorAll<HTMLElement>("li.card") ?? [])].filter((item) => item.offsetParent !== null);
    const at = items.findIndex((item) => item.contains(document.activeElement));
    const move = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    if (move) {
      items[Math.min(items.length - 1, Math.max(0, at + move))]?.querySelector("a")?.focus();
      event.preventDefault();
      return;
    }
    const alert = shown.find(({ incident }) => incident === items[at]?.dataset.incident);
    if (event.key === "a" && alert && may && !alert.acknowledged) acknowledge(alert);
  };
  const row = (alert: Alert) => (
    <li key={alert.incident} data-incident={alert.incident} class={alert.proposal ? "card waits" : "card"}>
      <Chip level={alert.proposal?.level ?? alert.level} />
      <Link to={`/incident/${part(alert.incident)}`} class="title">{titleOf(alert, layout)}</Link>
      <span class="facts">
        <b>{stateWord(alert.state)}</b> · {alert.audience === "public" ? say("forPublic") : say("forOperators")} · {say("updated")} {moment(alert.updated)}
        {alert.owner && <> · {say("owner")} {alert.owner}</>}
        {alert.silenced && <> · {say("silence")} – {clock(alert.silenced.until)}</>}
      </span>
      <Deadline alert={alert} now={now} />
      <span class="buttons">
        {alert.acknowledged
          ? <span class="mut">✓ {say("acknowledged")}: {alert.acknowledged.by} {clock(alert.acknowledged.at)}</span>
          : may && isOpen(alert) && <button type="button" onClick={() => acknowledge(alert)} aria-label={`${say("acknowledge")}: ${titleOf(alert, layout)}`}>{say("acknowledge")}</button>}
        <button type="button" onClick={() => go(`/incident/${part(alert.incident)}`)} aria-label={`${say("open")}: ${titleOf(alert, layout)}`}>{say("open")}</button>
      </span>
    </li>
  );
  return (
    <main id="main">
      <h1>{say("inbox")}</h1>
      <p class="load">
        <strong>{waiting}</strong> {say("waiting")} · <strong>{unseen}</strong> {say("unseen")} · <strong>{mine}</strong> {say("mine")}{reviews.length > 0 && <> · <strong>{reviews.length}</strong> {say("waitsForSecond")}</>}
      </p>
      <p class="mut" id="keys">{say("inboxKeys")}</p>
      <label class="check"><input type="checkbox" checked={ended} onChange={() => setEnded(!ended)} />{say("showEnded")}</label>
      {wrong && <Wrong wrong={wrong} />}
      {live.known && shown.length === 0 && reviews.length === 0 && <p>{say("emptyInbox")}</p>}
      <ol class="inbox" ref={list} onKeyDown={keys} onPointerEnter={onPointerEnter} onPointerLeave={onPointerLeave} aria-describedby="keys">
        {events.slice(0, rows).map((event) => event.alerts.length === 1
          ? event.alerts.map(row)
          : <EventRows key={event.key} event={event} nameOf={nameOf} deep={2} row={row} />)}
      </ol>
      {events.length > rows && <p><button type="button" onClick={() => setRows(rows + ROWS)}>{say("more")} ({rows} / {events.length})</button></p>}
      {reviews.length > 0 && (
        <section aria-labelledby="reviews">
          <h2 id="reviews">{say("toReview")}</h2>
          <ul class="list">{reviews.map((one) => (
            <li key={one.id}><Link to={`/review/${part(one.rule)}`}>{pick(one.title, one.rule)}</Link><span>{one.author} {moment(one.time)} “{one.reason}”</span></li>
          ))}</ul>
        </section>
      )}
    </main>
  );
}
