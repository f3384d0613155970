// Sliders over the past: every move asks what the rule would have found, and draws it beside what it did find.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { areas, type Area, type Level, LEVELS, part, post, type Station, stations } from "../api";
import { Ask, Wrong } from "../ask";
import { Firings } from "../firings";
import { Slider } from "../knob";
import { useLoaded } from "../live";
import { difference, Score, truthWord } from "../judged";
import { areasOf, compare, DAYS, equal, inForce, type Past, type Rule, type Setting, type Settings, tried, type Tried, type Truth, truthsOf, type Tuned } from "../rule";
import { useMay } from "../session";
import { levelWord } from "../sign";
import { pick, say } from "../words";
import { Sweep } from "./sweep";

/** A hand on a slider moves on within this; each stop is asked for once. */
const PAUSE_MS = 60;

interface Redrawn { now: Tried; wanted: Tried; ms: number; key: string; params: string }

interface Answer {
  /** The newest answer to what is asked now, but for the parameters. */
  drawn: Redrawn | null;
  /** It is of other parameters than those on the sliders. */
  stale: boolean;
  wrong: Error | null;
}

/** Asks what was found as it is and with other parameters; the newest question wins. */
function useRedrawn(rule: Rule, params: Settings, past: Past | null): Answer {
  const [drawn, setDrawn] = useState<Redrawn | null>(null);
  const [wrong, setWrong] = useState<Error | null>(null);
  const before = useRef<{ key: string; now: Tried } | null>(null);
  const key = JSON.stringify([rule.id, rule.version, rule.overrides_version, past]);
  const asked = JSON.stringify(params);
  useEffect(() => {
    if (past === null) return undefined;
    const stop = new AbortController();
    const ask = async (): Promise<void> => {
      setWrong(null);
      const begun = performance.now();
      try {
        if (before.current?.key !== key) before.current = { key, now: await tried(rule.id, {}, past, stop.signal) };
        const now = before.current.now;
        const wanted = await tried(rule.id, params, past, stop.signal);
        setDrawn({ now, wanted, ms: performance.now() - begun, key, params: asked });
        setWrong(null);
      } catch (refused) {
        if (stop.signal.aborted) return;
        setDrawn(null);
        setWrong(refused as Error);
      }
    };
    const timer = setTimeout(() => void ask(), PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [key, asked]);
  // What was found elsewhere, or from another level on, must not stand under the new question.
  const mine = drawn?.key === key ? drawn : null;
  return { drawn: mine, stale: mine?.params !== asked, wrong };
}

interface Props {
  rule: Rule;
  reload: () => void;
  /** Numbers that somebody else wants in force, to be looked at here. */
  offered: Settings | null;
}

export function Tune({ rule, reload, offered }: Props) {
  const may = useMay("rule_author");
  const places = useLoaded(areas, []);
  const sensors = useLoaded(() => stations(), []);
  const all = places.value?.features ?? [];
  const fitting = useMemo(() => areasOf(rule, sensors.value?.stations ?? [], all), [rule, sensors.value, places.value]);
  const known = all.filter((one) => fitting.has(one.properties.code));
  const [chosen, setChosen] = useState<string | null>(null);
  const [level, setLevel] = useState<Level>("advisory");
  const [judge, setJudge] = useState<Truth | null>(null);
  const [moved, setMoved] = useState<Settings>({});
  const [saving, setSaving] = useState<"here" | "rule" | null>(null);
  const [sent, setSent] = useState(false);
  // What is offered is for the whole city: so it is looked at.
  useEffect(() => {
    if (offered === null) return;
    setMoved(offered);
    setChosen("");
  }, [offered]);
  const loaded = places.value !== null && sensors.value !== null;
  const area = chosen ?? (loaded ? known[0]?.properties.code ?? "" : null);
  const now = useMemo(() => inForce(rule, area ?? "", all), [rule, area, places.value]);
  const params: Settings = Object.fromEntries(Object.entries(moved).filter(([name, value]) => !equal(value, now[name])));
  const truths = useMemo(() => truthsOf(rule, area ?? "", sensors.value?.stations ?? [], all), [rule, area, sensors.value, places.value]);
  // What is warned of is judged by its own limit, unless somebody says otherwise.
  const own = truths.find((one) => one === level) ?? truths[0] ?? "people";
  const truth = judge !== null && truths.includes(judge) ? judge : own;
  const past: Past | null = area === null ? null : { area, level, truth };
  const { drawn, stale, wrong } = useRedrawn(rule, params, may ? past : null);
  const name = (id: string): string => placeName(id, all, sensors.value?.stations ?? []);
  const move = (knob: string) => (value: Setting): void => setMoved((before) => ({ ...before, [knob]: value }));
  const changed = Object.keys(params).length > 0;
  return (
    <>
      <div class="tools row">
        <label>{say("where")} <select value={area ?? ""} onChange={(event) => setChosen(event.currentTarget.value)}>
          {known.map(({ properties: { code } }) => <option key={code} value={code}>{name(code)}</option>)}
          <option value="">{say("wholeCity")}</option>
        </select></label>
        <label>{say("fromLevel")} <select value={level} onChange={(event) => setLevel(event.currentTarget.value as Level)}>
          {LEVELS.slice(1).map((one) => <option key={one} value={one}>{levelWord(one)}</option>)}
        </select></label>
        <label>{say("judgedBy")} <select value={truth} onChange={(event) => setJudge(event.currentTarget.value as Truth)}>
          {truths.map((one) => <option key={one} value={one}>{truthWord(one)}</option>)}
        </select></label>
      </div>
      <div class="columns bench">
        <section aria-labelledby="found">
          <h2 id="found">{say("wouldHaveFound")} <span class="mut">({DAYS} {say("days")})</span></h2>
          {!may && <p>{say("onlyAuthors")}</p>}
          {wrong && <Wrong wrong={wrong} />}
          {may && !wrong && <p class="mut" role="status">{stale || !drawn ? say("counting") : took(drawn)}</p>}
          <div class={stale ? "stale" : ""} aria-busy={stale}>
          {drawn?.now.judged && drawn.wanted.judged && <Score now={drawn.now.judged} wanted={drawn.wanted.judged} moved={changed} stale={stale} truth={truth} />}
          {drawn && <Firings all={compare(drawn.now.firings, drawn.wanted.firings)} misses={drawn.wanted.judged?.misses ?? []} from={Date.parse(drawn.wanted.from)} to={Date.parse(drawn.wanted.to)} name={name} />}
          </div>
        </section>
        <section aria-labelledby="params">
          <h2 id="params">{say("params")}</h2>
          {rule.params.length === 0 && <p>{say("noParams")}</p>}
          {rule.params.map((knob) => <Slider key={knob.name} knob={knob} value={moved[knob.name] ?? now[knob.name] ?? knob.default} inForce={now[knob.name] ?? knob.default} move={move(knob.name)} />)}
          {may && rule.params.length > 0 && (
            <p class="buttons">
              <button type="button" disabled={!changed} onClick={() => setSaving("here")}>{say("setHere")}</button>
              <button type="button" class="main" disabled={!changed} onClick={() => setSaving("rule")}>{say("submitNumbers")}</button>
              <button type="button" disabled={!changed} onClick={() => setMoved({})}>{say("putAllBack")}</button>
            </p>
          )}
          {may && changed && <ul class="list mut"><li>{say("setHere")}: {say("setText")}</li><li>{say("submitNumbers")}: {say("submitText")}</li></ul>}
          {sent && <p role="status" class="card">{say("submitted")}</p>}
        </section>
      </div>
      {may && past && rule.params.length > 0 && <Sweep rule={rule} past={past} inForce={now} setting={{ ...now, ...params }} take={(set) => { setSent(false); setMoved((before) => ({ ...before, ...set })); document.getElementById("found")?.scrollIntoView({ block: "start" }); }} />}
      <Overrides rule={rule} name={name} reload={reload} />
      {saving === "rule" && (
        <Ask title={say("submitNumbers")} confirm={say("submit")} reason=""
          act={(reason) => post(`/rules/${part(rule.id)}/defaults`, { set: params, reason }, { seen: rule.version })}
          close={(done) => { setSaving(null); if (done) { setMoved({}); setSent(true); reload(); } }}>
          <p>{say("submitText")}</p>
          {rule.overrides.length > 0 && <p>{say("overridesStay")}</p>}
          <From params={params} now={now} />
          {!stale && drawn?.now.judged && drawn.wanted.judged && <p>{levelWord(level)}, {name(area ?? "")}: {difference(drawn.now.judged, drawn.wanted.judged)}</p>}
        </Ask>
      )}
      {saving === "here" && area !== null && (
        <Save rule={rule} area={area} params={params} name={name} stations={(sensors.value?.stations ?? []).filter((one) => one.area === area)}
          close={(done) => { setSaving(null); if (done) { setMoved({}); reload(); } }} />
      )}
    </>
  );
}

function took({ wanted, ms }: Redrawn): string {
  const count = `${wanted.firings.length} ${say("firings")} · ${wanted.observations.toLocaleString()} ${say("observationsRead")}`;
  return `${count} · ${say("redrawnIn")} ${ms.toFixed(0)} ms${wanted.quick ? "" : ` · ${say("playedAgain")}`}`;
}

function placeName(id: string, areas: Area[], stations: Station[]): string {
  if (id === "city") return say("wholeCity");
  const area = areas.find(({ properties }) => properties.code === id);
  const station = stations.find((one) => one.id === id);
  return station ? pick(station.name, id) : area ? pick(area.properties.name, id) : id;
}

/** What each parameter is, and what it is to be. */
const From = ({ params, now }: { params: Settings; now: Settings }) => (
  <ul class="list">{Object.entries(params).map(([name, value]) => <li key={name}><code>{name}</code> {now[name]} → <strong>{value}</strong></li>)}</ul>
);

const written = (set: Settings): string => Object.entries(set).map(([name, value]) => `${name} = ${value}`).join(", ");

interface SaveProps { rule: Rule; area: string; params: Settings; name: (id: string) => string; stations: Station[]; close: (done: boolean) => void }

/** The parameters that were moved, set at a place: within the ranges that two people agreed on, so that one may. */
function Save({ rule, area, params, name, stations, close }: SaveProps) {
  const [station, setStation] = useState("");
  const place = station ? { station } : area ? { area } : {};
  const before = rule.overrides.find((one) => one.station === (station || null) && one.area === (station ? null : area || null));
  const set = { ...before?.set, ...params };
  return (
    <Ask title={say("setHere")} confirm={say("putInForce")} reason="" close={close}
      act={(reason) => post(`/rules/${part(rule.id)}/overrides`, { ...place, set, reason }, { seen: rule.overrides_version })}>
      <p>{say("setText")}</p>
      <label>{say("where")} <select value={station} onChange={(event) => setStation(event.currentTarget.value)}>
        <option value="">{area ? name(area) : say("wholeCity")}</option>
        {stations.map((one) => <option key={one.id} value={one.id}>{say("station")}: {name(one.id)}</option>)}
      </select></label>
      <p><code>{written(set)}</code></p>
    </Ask>
  );
}

function Overrides({ rule, name, reload }: { rule: Rule; name: (id: string) => string; reload: () => void }) {
  const may = useMay("rule_author");
  const [leaving, setLeaving] = useState<Tuned | null>(null);
  const at = (one: Tuned): string => (one.station ?? one.area ? name(one.station ?? one.area ?? "") : say("wholeCity"));
  return (
    <section aria-labelledby="overrides">
      <h2 id="overrides">{say("overrides")}</h2>
      {rule.overrides.length === 0 && <p class="mut">{say("noOverrides")}</p>}
      <ul class="list">{rule.overrides.map((one) => (
        <li key={`${one.station}/${one.area}`}>
          <strong>{at(one)}</strong> <code>{written(one.set)}</code> <span>{one.author} · “{one.reason}”</span>
          {may && <button type="button" aria-label={`${say("takeBack")}: ${at(one)}`} onClick={() => setLeaving(one)}>{say("takeBack")}</button>}
        </li>
      ))}</ul>
      {leaving && (
        <Ask title={`${say("takeBack")}: ${at(leaving)}`} confirm={say("takeBack")} reason=""
          act={(reason) => post(`/rules/${part(rule.id)}/overrides/remove`, { ...(leaving.station ? { station: leaving.station } : leaving.area ? { area: leaving.area } : {}), reason }, { seen: rule.overrides_version })}
          close={(done) => { setLeaving(null); if (done) reload(); }}><p><code>{written(leaving.set)}</code></p></Ask>
      )}
    </section>
  );
}
