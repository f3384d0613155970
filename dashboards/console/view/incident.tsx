// One incident: why, how the water stands, what will be said to whom, and the decisions, each one step away.

import { useContext, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { areas, type Detail, explained, get, incident, observations, part, post, rank, Refusal, stations } from "../api";
import { Ask, Wrong } from "../ask";
import { isAmount, lead } from "../amount";
import { Curve } from "../curve";
import { Arrived, type Delivered, deliveredOf, Deliveries, isPublic, messagesOf } from "../delivered";
import { PUBLIC } from "../facts";
import { gathered } from "../gather";
import { titleOf, useLayout } from "../gathered";
import { hazardName } from "../hazard";
import { refresh, useLive, useLoaded } from "../live";
import { isOpen, shownLevel } from "../order";
import { Session, useMay } from "../session";
import { Chip, levelWord, stateWord } from "../sign";
import { mainStream } from "../system";
import { clock, moment } from "../time";
import { Link } from "../way";
import { type Key, pick, say, tongue } from "../words";
import { Deadline } from "./inbox";
import { decidedAt, Why } from "./why";

const HOUR = 3_600_000;

/** Other incidents of the event that are named. */
const SIBLINGS = 12;

type Question = "approve" | "reject" | "end" | "cancel" | "note";

/** When it began, and when it was decided as it stands. */
export function marksOf(detail: Detail): { at: number; word: string }[] {
  const [onset, decided] = [Date.parse(detail.onset), Date.parse(decidedAt(detail))];
  return decided === onset ? [{ at: onset, word: say("fired") }] : [{ at: onset, word: say("began") }, { at: decided, word: say("fired") }];
}

/** The water at the station that decided, around the moment it did. */
function Water({ detail, now }: { detail: Detail; now: number }) {
  const station = detail.station ?? detail.evidence.find((reason) => reason.station)?.station;
  const from = Date.parse(detail.onset) - 3 * HOUR;
  const end = isOpen(detail) ? now : Math.min(now, Date.parse(detail.updated) + HOUR);
  const to = Math.min(end, from + 7 * 24 * HOUR);
  const found = useLoaded(async () => {
    if (!station) return null;
    const place = (await get<{ stations: Awaited<ReturnType<typeof stations>>["stations"] }>(`/stations?station=${part(station)}`)).stations[0];
    const stream = place && mainStream(place);
    if (!place || !stream) return null;
    const seen = await observations(station, stream.kind, new Date(from - lead(stream)).toISOString(), new Date(to).toISOString());
    return { place, stream, seen };
  }, [station, detail.updated], 15_000);
  if (!found.value) return null;
  const { place, stream, seen } = found.value;
  const name = pick(place.name, place.id);
  return (
    <section aria-labelledby="water">
      <h2 id="water">{say(isAmount(stream) ? "amounts" : "hydrograph")}: <Link to={`/station/${part(place.id)}`}>{name}</Link></h2>
      <Curve name={name} stream={stream} seen={seen} from={from} to={to} marks={marksOf(detail)} />
    </section>
  );
}

const LANGUAGES: Record<string, string> = { ko: "한국어", en: "English", zh: "中文", ja: "日本語" };
const PARTS: Record<string, Key> = {
  headline: "headline", instruction: "instruction", whole: "wholeText", plain: "plainText", speech: "spokenText", unfilled: "unfilled",
};

/** The name of a text; `text_90` is one of at most 90 characters. */
function partWord(name: string): string {
  const limit = /^text_(\d+)$/.exec(name)?.[1];
  if (limit) return `${say("atMost")} ${limit} ${say("characters")}`;
  const key = PARTS[name];
  return key ? say(key) : name;
}

/** Every text that goes out, in every language, with its length. */
function Preview({ detail }: { detail: Detail }) {
  const made = Object.entries(detail.preview ?? {});
  const fallback = Object.keys(detail.headline).map((language): [string, Record<string, unknown>] =>
    [language, { headline: detail.headline[language], instruction: detail.instruction[language] }]);
  const turn = ([language]: [string, unknown]): number => Object.keys(LANGUAGES).indexOf(language);
  const texts = (made.length > 0 ? made : fallback).sort((one, other) => turn(one) - turn(other));
  return (
    <div class="preview">
      {texts.map(([language, parts]) => (
        <section key={language} lang={language} aria-label={LANGUAGES[language] ?? language}>
          <h3>{LANGUAGES[language] ?? language}</h3>
          {Object.entries(parts).filter(([, text]) => typeof text === "string").map(([name, text]) => (
            <p key={name}><span class="mut" lang={tongue}>{partWord(name)}:</span> {text as string} <span class="mut" lang={tongue}>({[...(text as string)].length} {say("characters")})</span></p>
          ))}
        </section>
      ))}
    </div>
  );
}

/** What would be said, in the officer's language: the danger of the level that is proposed, not of the one that was said. */
function proposed(detail: Detail): string {
  const texts = detail.preview?.[tongue] ?? Object.values(detail.preview ?? {})[0];
  return typeof texts?.headline === "string" ? texts.headline : pick(detail.headline);
}

function Approve({ detail, close }: { detail: Detail; close: (done: boolean) => void }) {
  const nameOf = useNames();
  const [people, setPeople] = useState("");
  const act = async (): Promise<void> => {
    try {
      await post(`/alerts/${part(detail.incident)}/approve`, {
        hash: detail.proposal_hash, ...(detail.type_population ? { population: Number(people) } : {}), ...(detail.lacks_geometry ? { without_geometry: true } : {}),
      });
    } catch (refused) {
      if (refused instanceof Refusal && refused.status === 409) throw new Refusal(409, `${say("changed")} ${refused.message}`, refused.remedy);
      throw refused;
    }
  };
  return (
    <Ask title={say("approve")} confirm={say("approve")} reason={null} act={act} close={close}>
      <p><Chip level={detail.proposal?.level ?? detail.level} /> {detail.audience === "public" ? say("citizensRead") : ""} <strong>{proposed(detail)}</strong></p>
      <p>{say("audience")}: {detail.audience === "public" ? say("forPublic") : say("forOperators")} · {say("area")}: {reached(detail, nameOf)}
        {detail.population !== null && detail.population !== undefined && <> · {say("population")}: {detail.population.toLocaleString()}</>}</p>
      {detail.required === "two" && <p><strong>{say("secondPerson")}</strong></p>}
      {detail.channels?.length > 0 && <p>{say("channels")}: {detail.channels.join(", ")}</p>}
      {detail.lacks_geometry && <label class="check"><input type="checkbox" required />{say("withoutGeometry")}</label>}
      {detail.type_population && (
        <label>{say("typePopulation")}<input inputmode="numeric" required pattern="[0-9]+" value={people} onInput={(event) => setPeople(event.currentTarget.value)} /></label>
      )}
    </Ask>
  );
}

/** Before an all-clear: that the rule still finds the danger now, if it does. */
function StillReached({ detail }: { detail: Detail }) {
  const found = useLoaded(() => explained(detail.rule, detail.station ?? detail.area), [detail.incident]);
  const now = found.value;
  if (!now || (now.reached === "none" && !now.undecided)) return null;
  return (
    <p class="wrong" role="alert">
      {now.reached !== "none" ? <>{say("stillReached")} <Chip level={now.reached} /></> : say("stillUndecided")} <span class="mut">({clock(now.time)})</span>
    </p>
  );
}

const CAUSES: Record<string, Key> = {
  rule: "byRule", corroborated: "byCorroboration", renewed: "byRenewal", deadline: "byDeadline", escalated: "byEscalation",
  acknowledged: "acknowledged", owned: "byOwner", noted: "note", approved: "byApproval", rejected: "rejected", cancelled: "byCancel",
  closed: "byClosing", silenced: "silence", edited: "byEdit", exercise: "byExercise",
};
const causeWord = (cause: string): string => { const key = CAUSES[cause]; return key ? say(key) : cause; };

function Timeline({ detail }: { detail: Detail }) {
  return (
    <ol class="list" reversed>
      {[...(detail.timeline ?? [])].reverse().map((step, at) => (
        <li key={at}>
          <time dateTime={step.time}>{moment(step.time)}</time> <Chip level={step.level} /> <b>{stateWord(step.state)}</b>
          <span>{causeWord(step.cause)}{step.by && <> · {step.by}</>}{step.reason && <> · “{step.reason}”</>}</span>
          {step.message && <code>{step.message.msg_type} {step.message.identifier}</code>}
        </li>
      ))}
    </ol>
  );
}

/** How often deliveries are looked at: while something is on its way, and else. */
const SOON_MS = 1_500;
const FIRST_TRIES = 8;
const LATER_MS = 15_000;

/** What became of messages; asked often while they go out. */
function useDelivered(identifiers: string[]): Delivered | null {
  const [going, setGoing] = useState(true);
  const tries = useRef(0);
  useEffect(() => { tries.current = 0; }, [identifiers.join()]);
  const found = useLoaded(async () => {
    const answer = await deliveredOf(identifiers);
    // What was issued a moment ago has no deliveries yet; what never had any is not asked about all night.
    tries.current += 1;
    setGoing((answer.fates?.pending ?? 0) > 0 || tries.current < FIRST_TRIES);
    return answer;
  }, [identifiers.join(), going], going ? SOON_MS : LATER_MS);
  return found.value;
}

/** The other incidents of the same event: each is decided on its own. */
function Siblings({ detail }: { detail: Detail }) {
  const live = useLive();
  const { lie, nameOf } = useLayout();
  const event = useMemo(() => gathered(live.known?.alerts ?? [], lie).find((one) => one.alerts.some(({ incident }) => incident === detail.incident)), [live.known, lie, detail.incident]);
  const others = (event?.alerts ?? []).filter((alert) => alert.incident !== detail.incident);
  if (others.length === 0) return null;
  return (
    <p class="siblings">{say("sameEvent")} ({others.length}): {others.slice(0, SIBLINGS).map((alert, at) => (
      <span key={alert.incident}>{at > 0 && " · "}<Link to={`/incident/${part(alert.incident)}`}>{nameOf(alert.area)}</Link> {levelWord(shownLevel(alert))}{alert.proposal && <strong> ({say("proposed")})</strong>}</span>
    ))}{others.length > SIBLINGS && ` + ${others.length - SIBLINGS}`}</p>
  );
}

const SIGHTS: Record<string, Key> = {
  depth: "depth", damage: "damage", felt: "felt", ankle: "ankle", knee: "knee", waist: "waist", chest: "chest", over_head: "overHead",
  crack: "crack", lean: "lean", collapse: "collapse", blocked: "blocked", smoke: "smoke",
  weak: "weak", moderate: "moderate", strong: "strong", violent: "violent",
};
const sightWord = (name: string): string => { const key = SIGHTS[name]; return key ? say(key) : name; };

interface Report { received: string; hazard: string; area: string; what: string; value: string }

/** What citizens saw in the area: no proof, but a reason to look. */
function Reports({ detail }: { detail: Detail }) {
  const found = useLoaded(() => get<{ reports: Report[] }>("/reports"), [detail.incident], 15_000);
  const here = (found.value?.reports ?? []).filter((report) => report.area === detail.area);
  return (
    <section aria-labelledby="reports">
      <h2 id="reports">{say("reports")} ({here.length})</h2>
      {here.length === 0 ? <p>{say("none")}</p> : (
        <ul class="list">{here.slice(0, 20).map((report, at) => <li key={at}><time dateTime={report.received}>{moment(report.received)}</time> <b>{hazardName(report.hazard)}</b> <span>{sightWord(report.what)}: {sightWord(report.value)}</span></li>)}</ul>
      )}
    </section>
  );
}

function Decisions({ detail, ask, act }: { detail: Detail; ask: (question: Question) => void; act: (path: string, body?: unknown) => void }) {
  const [operator, approver] = [useMay("operator"), useMay("approver")];
  const me = useContext(Session);
  const said = detail.issued !== null && rank(detail.issued) > 0;
  const mine = detail.approvals?.some((mark) => mark.by === me?.user);
  return (
    <div class="decisions buttons">
      {approver && detail.proposal && !mine && <button type="button" class="main" onClick={() => ask("approve")}>{say("approve")}</button>}
      {operator && !detail.acknowledged && isOpen(detail) && <button type="button" onClick={() => act("ack")}>{say("acknowledge")}</button>}
      {operator && isOpen(detail) && detail.owner !== me?.user && <button type="button" onClick={() => act("own", { owner: me?.user })}>{say("takeIt")}</button>}
      {approver && detail.proposal && <button type="button" onClick={() => ask("reject")}>{say("reject")}</button>}
      {approver && isOpen(detail) && said && <button type="button" onClick={() => ask("end")}>{say("allClear")}</button>}
      {approver && isOpen(detail) && said && <button type="button" onClick={() => ask("cancel")}>{say("falseAlarm")}</button>}
      {operator && <button type="button" onClick={() => ask("note")}>{say("addNote")}</button>}
      {operator && isOpen(detail) && !detail.silenced && <Link class="button" to={`/silences?hazard=${part(detail.hazard)}&area=${part(detail.area)}`}>{say("silenceIt")}…</Link>}
    </div>
  );
}

const PREPARED: Record<Exclude<Question, "approve">, { title: () => string; reason: () => string }> = {
  reject: { title: () => say("reject"), reason: () => say("reasonReject") },
  end: { title: () => say("allClear"), reason: () => say("reasonEnd") },
  cancel: { title: () => say("falseAlarm"), reason: () => say("reasonCancel") },
  note: { title: () => say("addNote"), reason: () => "" },
};

/** The names of areas by code. */
function useNames(): (code: string) => string {
  const found = useLoaded(areas, []);
  return (code) => pick(found.value?.features.find((area) => area.properties.code === code)?.properties.name, code);
}

const reached = (detail: Detail, nameOf: (code: string) => string): string =>
  (detail.areas?.length ? detail.areas : [detail.area]).map(nameOf).join(", ");

function Facts({ detail, now }: { detail: Detail; now: number }) {
  const nameOf = useNames();
  return (
    <>
      <p class="facts"><Chip level={detail.proposal?.level ?? detail.level} /> <b>{stateWord(detail.state)}</b>
        {" "}· {say("area")} {nameOf(detail.area)} · {detail.audience === "public" ? say("forPublic") : say("forOperators")}
        {" "}· {say("onset")} {moment(detail.onset)} · {say("updated")} {moment(detail.updated)} · {say("rule")} <code>{detail.rule}</code></p>
      <p class="facts"><Deadline alert={detail} now={now} />
        {detail.proposal && detail.acknowledged && " · "}{detail.acknowledged && <>✓ {say("acknowledged")}: {detail.acknowledged.by} {clock(detail.acknowledged.at)}</>}
        {detail.owner && <> · {say("owner")} {detail.owner}</>}
        {detail.silenced && <> · {say("silence")}: {detail.silenced.by} – {clock(detail.silenced.until)} “{detail.silenced.reason}”</>}</p>
      {detail.approvals?.length > 0 && <p>{say("approvals")}: {detail.approvals.map((mark) => `${mark.by} ${clock(mark.at)}`).join(", ")}. {detail.proposal && say("secondPerson")}</p>}
    </>
  );
}

export function Incident({ id }: { id: string }) {
  const live = useLive();
  const nameOf = useNames();
  const layout = useLayout();
  const known = live.known?.alerts.find((alert) => alert.incident === id);
  const found = useLoaded(() => incident(id), [id, known?.updated, known?.acknowledged?.at, known?.owner, known?.state, live.readAt > 0]);
  const [question, ask] = useState<Question | null>(null);
  const [wrong, setWrong] = useState<Error | null>(null);
  const [told, setTold] = useState("");
  const detail = found.value;
  const said = messagesOf(detail?.timeline ?? []);
  const delivered = useDelivered(said.map((message) => message.identifier));
  if (!detail) return <main id="main"><h1>{say("incidents")}</h1>{found.wrong ? <Wrong wrong={found.wrong} /> : <p>{say("loading")}</p>}</main>;
  const now = live.known ? Date.parse(live.known.time) : Date.now();
  const last = said.at(-1);
  const changed = (): void => { setTold(say("done")); setWrong(null); found.reload(); refresh(); };
  const send = (path: string, body: unknown = {}): Promise<unknown> => post(`/alerts/${part(id)}/${path}`, body);
  const close = (done: boolean): void => { ask(null); if (done) changed(); };
  return (
    <main id="main">
      <h1>{titleOf(detail, layout)}</h1>
      <Facts detail={detail} now={now} />
      <Decisions detail={detail} ask={ask} act={(path, body) => void send(path, body).then(changed, setWrong)} />
      <p role="status">{told}</p>
      {last && delivered?.newest === last.identifier && <p role="status" class="arrived"><Arrived sent={last.sent} isPublic={isPublic(detail)} fates={delivered.fates} /></p>}
      <Siblings detail={detail} />
      {wrong && <Wrong wrong={wrong} />}
      {question === "approve" && <Approve detail={detail} close={close} />}
      {question && question !== "approve" && (
        <Ask title={PREPARED[question].title()} confirm={PREPARED[question].title()} reason={PREPARED[question].reason()}
          act={(reason) => send(question, question === "note" ? { text: reason } : question === "reject" ? { reason, hash: detail.proposal_hash } : { reason })} close={close}>
          {question === "end" && <StillReached detail={detail} />}
        </Ask>
      )}
      <div class="columns even">
        <Why detail={detail} />
        <Water detail={detail} now={now} />
      </div>
      <section aria-labelledby="preview">
        <h2 id="preview">{say("preview")}</h2>
        <p>{say("audience")}: <b>{detail.audience === "public" ? say("forPublic") : say("forOperators")}</b> · {say("area")}: {reached(detail, nameOf)} · {say("level")}: {levelWord(detail.proposal?.level ?? detail.level)}</p>
        {detail.sending_class && detail.audience === "public" && <p>{say("sendingClass")}: <b lang="ko">{detail.sending_class}</b></p>}
        {detail.audience === "public" && detail.issued && <p><a href={`${PUBLIC}/alerts/${part(id)}`} target="_blank" rel="noopener">{say("onPublic")}</a></p>}
        <Preview detail={detail} />
      </section>
      <div class="columns even">
        <section aria-labelledby="timeline"><h2 id="timeline">{say("timeline")}</h2><Timeline detail={detail} /></section>
        <section aria-labelledby="notes"><h2 id="notes">{say("notes")}</h2>
          {(detail.notes ?? []).length === 0 ? <p>{say("none")}</p> : <ul class="list">{detail.notes.map((note, at) => <li key={at}><time dateTime={note.time}>{moment(note.time)}</time> <b>{note.by}</b> <span>{note.text}</span></li>)}</ul>}
        </section>
      </div>
      <div class="columns even">
        <section aria-labelledby="deliveries"><h2 id="deliveries">{say("deliveries")}</h2><Deliveries known={delivered?.deliveries ?? []} /></section>
        <Reports detail={detail} />
      </div>
    </main>
  );
}
