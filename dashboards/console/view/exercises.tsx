// Practice, in its own frame and words: nothing begun here can be taken for what is real.

import { useState } from "preact/hooks";
import { type Alert, areas, get, part, post } from "../api";
import { Wrong } from "../ask";
import { titleOf, useLayout } from "../gathered";
import { HAZARDS, hazardName } from "../hazard";
import { refresh, useLoaded } from "../live";
import { useMay } from "../session";
import { Chip } from "../sign";
import { moment } from "../time";
import { Link } from "../way";
import { pick, say } from "../words";

export function Exercises() {
  const may = useMay("operator");
  const layout = useLayout();
  const places = useLoaded(areas, []);
  const running = useLoaded(() => get<{ exercises: Alert[] }>("/exercises"), [], 10_000);
  const [wrong, setWrong] = useState<Error | null>(null);
  const done = (): void => { setWrong(null); running.reload(); refresh(); };
  const submit = (event: Event): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    post("/exercises", Object.fromEntries(form)).then(done, setWrong);
  };
  return (
    <main id="main" class="practice">
      <p class="band exercise">{say("exercises")}</p>
      <h1>{say("exercises")}</h1>
      <p>{say("exerciseText")}</p>
      {wrong && <Wrong wrong={wrong} />}
      {may && (
        <form onSubmit={submit} class="row">
          <label>{say("hazard")}<select name="hazard">{HAZARDS.filter((one) => one.endangers).map(({ id }) => <option key={id} value={id}>{hazardName(id)}</option>)}</select></label>
          <label>{say("area")}<select name="area">{(places.value?.features ?? []).map(({ properties }) => <option key={properties.code} value={properties.code}>{pick(properties.name, properties.code)}</option>)}</select></label>
          <label>{say("level")}<select name="level">{(["advisory", "watch", "warning", "emergency"] as const).map((level) => <option key={level} value={level}>{say(level)}</option>)}</select></label>
          <label>{say("reason")}<input name="reason" required /></label>
          <button type="submit" class="main">{say("start")}</button>
        </form>
      )}
      <h2>{say("running")}</h2>
      <ul class="list">
        {(running.value?.exercises ?? []).map((one) => (
          <li key={one.incident}><Chip level={one.proposal?.level ?? one.level} /> <Link to={`/incident/${part(one.incident)}`}>{titleOf(one, layout)}</Link>
            <span class="mut">{say("onset")} {moment(one.onset)}</span>
            {may && <button type="button" aria-label={`${say("end")}: ${titleOf(one, layout)}`} onClick={() => void post(`/exercises/${part(one.incident)}/end`, { reason: say("reasonExercise") }).then(done, setWrong)}>{say("end")}</button>}</li>
        ))}
      </ul>
    </main>
  );
}
