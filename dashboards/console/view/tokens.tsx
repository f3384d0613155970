// Machine tokens: programs log in with them. A secret is shown once.

import { useState } from "preact/hooks";
import { get, part, post, remove, type Role } from "../api";
import { Wrong } from "../ask";
import { useLoaded } from "../live";
import { moment } from "../time";
import { say } from "../words";
import { Roles, roleWord } from "./people";

interface Token { id: number; label: string; role: Role; created: string; made_by: string; expires: string | null; revoked: string | null }

const DAYS = [30, 90, 365];

export function Tokens() {
  const found = useLoaded(() => get<{ tokens: Token[] }>("/tokens"), []);
  const [wrong, setWrong] = useState<Error | null>(null);
  const [made, setMade] = useState<{ label: string; token: string } | null>(null);
  const done = (): void => { setWrong(null); found.reload(); };
  const add = (event: Event): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const typed = new FormData(form);
    const days = Number(typed.get("days"));
    post<{ label: string; token: string }>("/tokens", { label: typed.get("label"), role: typed.get("role"), ...(days > 0 ? { days } : {}) })
      .then((answer) => { setMade(answer); form.reset(); done(); }, setWrong);
  };
  return (
    <section aria-labelledby="tokens">
      <h2 id="tokens">{say("tokens")}</h2>
      <p>{say("tokenText")}</p>
      {wrong && <Wrong wrong={wrong} />}
      <form onSubmit={add} class="row">
        <label>{say("tokenFor")}<input name="label" required pattern="[a-z0-9._\-]{2,64}" title={say("namePattern")} autocapitalize="none" autocomplete="off" /></label>
        <label>{say("role")}<Roles label={`${say("role")}: ${say("tokens")}`} besides="admin" /></label>
        <label>{say("lasts")}<select name="days">{DAYS.map((days) => <option key={days} value={days}>{days} {say("days")}</option>)}<option value="0">{say("forEver")}</option></select></label>
        <button type="submit" class="main">{say("makeToken")}</button>
      </form>
      {made && <p role="status" class="card">{say("tokenOnce")} <b>{made.label}</b><br /><code>{made.token}</code></p>}
      <div class="scroll" role="group" aria-label={say("tokens")} tabIndex={0}>
        <table>
          <thead><tr><th scope="col">{say("tokenFor")}</th><th scope="col">{say("role")}</th><th scope="col">{say("madeBy")}</th><th scope="col">{say("until")}</th><th scope="col">{say("action")}</th></tr></thead>
          <tbody>{(found.value?.tokens ?? []).map((token) => (
            <tr key={token.id}>
              <th scope="row">{token.label}</th><td>{roleWord(token.role)}</td><td>{token.made_by} {moment(token.created)}</td>
              <td>{token.revoked ? `${say("revoked")} ${moment(token.revoked)}` : token.expires ? moment(token.expires) : say("forEver")}</td>
              <td>{!token.revoked && <button type="button" aria-label={`${say("revoke")}: ${token.label}`} onClick={() => void remove(`/tokens/${part(String(token.id))}`).then(done, setWrong)}>{say("revoke")}</button>}</td>
            </tr>
          ))}</tbody>
        </table>
      </div>
    </section>
  );
}
