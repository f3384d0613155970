// Silences: what is known is not told again for a while. Before one is made, it is shown what it would keep quiet now.

import { useState } from "preact/hooks";
import { areas, get, type Level, part, post, rank, remove, stations } from "../api";
import { Wrong } from "../ask";
import { titleOf, useLayout } from "../gathered";
import { HAZARDS, hazardName } from "../hazard";
import { refresh, useLive, useLoaded } from "../live";
import { useMay } from "../session";
import { Chip, levelWord } from "../sign";
import { length, moment } from "../time";
import { Link } from "../way";
import { pick, say } from "../words";

interface Silence {
  id: number;
  hazard: string | null;
  area: string | null;
  station: string | null;
  rule: string | null;
  covers: Level;
  since: string;
  until: string;
  by: string;
  reason: string;
}

const HOURS = [1, 2, 4, 8, 12, 24];
const HOUR = 3_600_000;
/** The highest level an operator may silence; who decides may silence any. */
const OPERATORS_MOST: Level = "watch";

/** What a silence is about, by names. */
function About({ silence, names }: { silence: Silence; names: Map<string, string> }) {
  const parts = [
    silence.hazard && hazardName(silence.hazard), silence.area && (names.get(silence.area) ?? silence.area),
    silence.station && `${say("station")} ${silence.station}`, silence.rule && `${say("rule")} ${silence.rule}`,
  ];
  return <>{parts.filter(Boolean).join(" · ")}</>;
}

/** What is asked for in the form; the whole of a field is any. */
function wanted(form: HTMLFormElement, now: number): Record<string, string> {
  const typed = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]).filter(([, value]) => value !== ""));
  const { hours = "1", ...rest } = typed as Record<string, string>;
  // A little less, so that the longest is within the day however long the request takes.
  return { ...rest, until: new Date(now + Number(hours) * HOUR - 1_000).toISOString() };
}

function Preview({ ids }: { ids: string[] }) {
  const live = useLive();
  const layout = useLayout();
  const headline = (id: string): string => {
    const alert = live.known?.alerts.find((alert) => alert.incident === id);
    return alert ? titleOf(alert, layout) : id;
  };
  return (
    <div class="card" role="status">
      <p>{say("wouldSilence")}: <strong>{ids.length}</strong></p>
      <ul class="list">{ids.slice(0, 50).map((id) => <li key={id}><Link to={`/incident/${part(id)}`}>{headline(id)}</Link></li>)}</ul>
    </div>
  );
}

function Begin({ done }: { done: () => void }) {
  const live = useLive();
  const decides = useMay("approver");
  const places = useLoaded(areas, []);
  const sensors = useLoaded(() => stations(), []);
  const [preview, setPreview] = useState<string[] | null>(null);
  const [wrong, setWrong] = useState<Error | null>(null);
  const given = new URLSearchParams(location.search);
  const now = (): number => (live.known ? Date.parse(live.known.time) : Date.now());
  const levels = (["advisory", "watch", "warning", "emergency"] as const).filter((level) => decides || rank(level) <= rank(OPERATORS_MOST));
  const look = (form: HTMLFormElement | null): void => {
    if (!form?.reportValidity()) return;
    post<{ incidents: string[] }>("/silences/preview", wanted(form, now())).then((answer) => { setPreview(answer.incidents); setWrong(null); }, setWrong);
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    post("/silences", wanted(form, now())).then(() => { setPreview(null); setWrong(null); form.reset(); done(); }, setWrong);
  };
  return (
    <form onSubmit={submit} onInput={() => setPreview(null)}>
      <h2>{say("newSilence")}</h2>
      <div class="row">
        <label>{say("hazard")}<select name="hazard"><option value="">{say("any")}</option>
          {HAZARDS.map(({ id }) => <option key={id} value={id} selected={given.get("hazard") === id}>{hazardName(id)}</option>)}</select></label>
        <label>{say("area")}<select name="area"><option value="">{say("any")}</option>
          {(places.value?.features ?? []).map(({ properties: { code, name } }) => <option key={code} value={code} selected={given.get("area") === code}>{pick(name, code)}</option>)}</select></label>
        <label>{say("station")}<input name="station" list="known-stations" autocomplete="off" placeholder={say("any")} defaultValue={given.get("station") ?? ""} /></label>
        <datalist id="known-stations">{(sensors.value?.stations ?? []).slice(0, 2_000).map((one) => <option key={one.id} value={one.id}>{pick(one.name, one.id)}</option>)}</datalist>
        <label>{say("rule")}<input name="rule" autocomplete="off" placeholder={say("any")} defaultValue={given.get("rule") ?? ""} /></label>
        <label>{say("upTo")}<select name="covers">{levels.map((level) => <option key={level} value={level} selected={level === OPERATORS_MOST}>{levelWord(level)}</option>)}</select></label>
        <label>{say("howLong")}<select name="hours">{HOURS.map((hours) => <option key={hours} value={hours}>{length(hours * HOUR)}</option>)}</select></label>
      </div>
      <label class="narrow">{say("reason")}<input name="reason" required maxLength={500} autocomplete="off" /></label>
      {wrong && <Wrong wrong={wrong} />}
      {preview && <Preview ids={preview} />}
      <p class="buttons">
        <button type="button" onClick={(event) => look(event.currentTarget.form)}>{say("lookFirst")}</button>
        <button type="submit" class="main">{say("silenceIt")}</button>
      </p>
    </form>
  );
}

export function Silences() {
  const may = useMay("operator");
  const places = useLoaded(areas, []);
  const found = useLoaded(() => get<{ silences: Silence[] }>("/silences"), [], 10_000);
  const [wrong, setWrong] = useState<Error | null>(null);
  const names = new Map((places.value?.features ?? []).map(({ properties: { code, name } }) => [code, pick(name, code)]));
  const done = (): void => { setWrong(null); found.reload(); refresh(); };
  const known = found.value?.silences ?? [];
  return (
    <main id="main">
      <h1>{say("silences")}</h1>
      <p>{say("silenceText")}</p>
      {wrong && <Wrong wrong={wrong} />}
      {found.value && known.length === 0 && <p>{say("noSilences")}</p>}
      <ul class="list">{known.map((silence) => (
        <li key={silence.id}>
          <strong><About silence={silence} names={names} /></strong> <span>{say("upTo")}</span> <Chip level={silence.covers} />
          <span>{say("until")} {moment(silence.until)} · {silence.by} · “{silence.reason}”</span>
          {may && <button type="button" aria-label={`${say("endSilence")}: ${silence.reason}`} onClick={() => void remove(`/silences/${silence.id}`).then(done, setWrong)}>{say("endSilence")}</button>}
        </li>
      ))}</ul>
      {may && <Begin done={done} />}
    </main>
  );
}
