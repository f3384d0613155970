// The operators' console. Start here: who is there, which view the address names, and the frame around all of them.

import { render } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import "./console.css";
import { get, keepToken, type Me, post, rank, Refusal, whenGone } from "./api";
import { IS_EXERCISE, PUBLIC, SENDER } from "./facts";
import { titleOf, useLayout } from "./gathered";
import { follow, unfollow, useLive, useLoaded } from "./live";
import { Reviews, reviews } from "./reviews";
import { roleWord } from "./roles";
import { Session, useMay } from "./session";
import { clock, dateOf, moment } from "./time";
import { Account } from "./view/account";
import { Audit } from "./view/audit";
import { Deliveries } from "./view/deliveries";
import { Devices } from "./view/devices";
import { Exercises } from "./view/exercises";
import { Inbox } from "./view/inbox";
import { Incident } from "./view/incident";
import { Login, Welcome } from "./view/login";
import { NewRule } from "./view/new-rule";
import { People } from "./view/people";
import { Reference } from "./view/reference";
import { Replay } from "./view/replay";
import { Review } from "./view/review";
import { Rules } from "./view/rules";
import { Silences } from "./view/silences";
import { Situation } from "./view/situation";
import { Station } from "./view/station";
import { Status } from "./view/status";
import { Workbench } from "./view/workbench";
import { go, Link, usePath } from "./way";
import { type Key, say, switchTongue, tongue } from "./words";

/** Says new proposals aloud: politely, or at once where life is in danger. */
function Herald() {
  const live = useLive();
  const layout = useLayout();
  const told = useRef<Set<string> | null>(null);
  const [words, setWords] = useState<{ text: string; urgent: boolean }>({ text: "", urgent: false });
  useEffect(() => {
    if (!live.known) return;
    const waiting = live.known.alerts.filter((alert) => alert.proposal);
    const key = (incident: string, level: string): string => `${incident} ${level}`;
    const before = told.current;
    told.current = new Set(waiting.map((alert) => key(alert.incident, alert.proposal?.level ?? "")));
    const fresh = before && waiting.find((alert) => !before.has(key(alert.incident, alert.proposal?.level ?? "")));
    if (fresh) setWords({ text: `${say("newProposal")}: ${titleOf(fresh, layout)}`, urgent: rank(fresh.proposal?.level) >= 3 });
  }, [live.known]);
  return <><p class="off" aria-live="polite">{!words.urgent && words.text}</p><p class="off" aria-live="assertive">{words.urgent && words.text}</p></>;
}

function Frame({ me, leave, path }: { me: Me; leave: () => void; path: string }) {
  const live = useLive();
  const mayReview = useMay("rule_author");
  const mayAudit = useMay("approver");
  const waits = useLoaded(() => (mayReview ? reviews() : Promise.resolve({ reviews: [] })), [path], 15_000);
  const mine = useMemo(() => (waits.value?.reviews ?? []).filter((one) => one.for_you), [waits.value]);
  const waiting = live.known?.alerts.filter((alert) => alert.proposal).length ?? 0;
  const toDo = waiting + mine.length;
  const stale = live.failed || (live.known !== null && !live.known.current);
  useLayoutEffect(() => { document.title = `${waiting > 0 ? `(${waiting}) ` : ""}${IS_EXERCISE ? `[${say("exercises")}] ` : ""}${SENDER} · Bongsu`; }, [waiting]);
  return (
    <>
      <a class="skip" href="#main">{say("skip")}</a>
      {IS_EXERCISE && <section class="band exercise" aria-label={say("exercises")}>{say("exerciseBand")}</section>}
      {stale && <p class="band old" role="alert">{say("notCurrent")}</p>}
      <header>
        <strong class="who">{SENDER}</strong>
        <nav aria-label={say("pages")}>
          <Link to="/" current={path === "/"}>{say("situation")}</Link>
          <Link to="/inbox" current={path === "/inbox"}>{say("inbox")}{toDo > 0 && <span class="count">{toDo}</span>}</Link>
          <Link to="/silences" current={path === "/silences"}>{say("silences")}</Link>
          <Link to="/exercises" current={path === "/exercises"}>{say("exercises")}</Link>
          <Link to="/rules" current={path.startsWith("/rules") || path.startsWith("/review/") || path === "/new-rule" || path === "/reference"}>{say("rules")}</Link>
          <Link to="/system" current={["/system", "/devices", "/deliveries"].includes(path)}>{say("systemStatus")}</Link>
          {me.role === "admin" && <Link to="/people" current={path === "/people"}>{say("people")}</Link>}
          {mayAudit && <Link to="/audit" current={path === "/audit"}>{say("audit")}</Link>}
          <Link to="/replay" current={path === "/replay"}>{say("replay")}</Link>
          <Link to="/wall" current={path === "/wall"}>{say("wall")}</Link>
          <a href={PUBLIC} target="_blank" rel="noopener">{say("publicPage")}</a>
        </nav>
        <div class="me">
          {live.known && <time class="mut" dateTime={live.known.time} title={moment(live.known.time)}>{say("asOf")} {dateOf(Date.parse(live.known.time)) === dateOf(Date.now()) ? clock(live.known.time) : moment(live.known.time).replaceAll(" ", "\u00a0")}</time>}
          <Link to="/account" current={path === "/account"}>{me.user} ({roleWord(me.role)})</Link>
          <button type="button" onClick={switchTongue} lang={tongue === "ko" ? "en" : "ko"}>{say("language")}</button>
          <button type="button" onClick={leave}>{say("logout")}</button>
        </div>
      </header>
      <Herald />
      <Reviews.Provider value={mine}><View path={path} /></Reviews.Provider>
    </>
  );
}

function View({ path }: { path: string }) {
  const [, first = "", second = ""] = path.split("/");
  const id = decodeURIComponent(second);
  switch (first) {
    case "":
    case "login": return <Situation wall={false} key="situation" />;
    case "wall": return <Situation wall key="wall" />;
    case "inbox": return <Inbox />;
    case "incident": return <Incident id={id} key={id} />;
    case "station": return <Station id={id} key={id} />;
    case "rules": return id ? <Workbench id={id} key={id} /> : <Rules />;
    case "replay": return <Replay />;
    case "review": return <Review rule={id} key={id} />;
    case "new-rule": return <NewRule />;
    case "reference": return <Reference />;
    case "system": return <Status />;
    case "devices": return <Devices />;
    case "deliveries": return <Deliveries />;
    case "silences": return <Silences />;
    case "exercises": return <Exercises />;
    case "account": return <Account />;
    case "people": return <People />;
    case "audit": return <Audit />;
    default: return <main id="main"><h1>{say("missing")}</h1></main>;
  }
}

/** Why somebody has to log in again, by the server's word. */
const ENDED: Record<string, Key> = { role: "endedRole", disabled: "endedDisabled", password: "endedPassword" };

function App() {
  const path = usePath();
  const [me, setMe] = useState<Me | null | undefined>(undefined);
  const [wrong, setWrong] = useState<Error | null>(null);
  const [told, setTold] = useState<Key | null>(null);
  const inside = useRef(false);
  const enter = (found: Me): void => { inside.current = true; keepToken(found.csrf); setTold(null); setMe(found); follow(); };
  useEffect(() => {
    document.documentElement.lang = tongue;
    whenGone((refused) => {
      const why = ENDED[(refused.said as { ended?: string } | null)?.ended ?? ""];
      // Of several requests that are refused at once the first says why.
      setTold((before) => why ?? before ?? (inside.current ? "loggedOut" : null));
      inside.current = false;
      unfollow();
      setMe(null);
    });
    get<Me>("/me").then(enter, (refused) => { if (!(refused instanceof Refusal && refused.status === 401)) setWrong(refused); });
  }, []);
  const leave = (): void => {
    inside.current = false;
    void post("/logout").finally(() => { unfollow(); setMe(null); go("/"); });
  };
  const [, first, token] = path.split("/");
  if (wrong) return <main id="main" class="door"><h1>{say("failed")}</h1><p>{wrong.message}</p><p><button type="button" onClick={() => location.reload()}>{say("retry")}</button></p></main>;
  if (me === undefined) return <main id="main" class="door"><h1>{SENDER}</h1><p>{say("loading")}</p></main>;
  if (!me) return first === "welcome" && token ? <Welcome token={decodeURIComponent(token)} enter={enter} /> : <Login enter={enter} told={told} />;
  return <Session.Provider value={me}><Frame me={me} leave={leave} path={path} /></Session.Provider>;
}

const place = document.getElementById("app");
if (place) render(<App />, place);
