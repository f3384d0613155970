// Machine tokens: programs log in with them. A secret is shown once.

import { useState } from "preact/hooks";
import { get, part, post, remove, type Role } from "../api";
import { Wrong } from "../ask";
import { useLoaded } from "../live";
import { Roles, roleWord } from "../roles";
import { Table } from "../table";
import { moment } from "../time";
import { say } from "../words";

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
      <Table label={say("tokens")} rows={found.value?.tokens ?? []} keyOf={(token) => token.id} columns={[
        { head: say("tokenFor"), cell: (token) => token.label },
        { head: say("role"), cell: (token) => roleWord(token.role) },
        { head: say("madeBy"), cell: (token) => `${token.made_by} ${moment(token.created)}` },
        { head: say("until"), cell: (token) => (token.revoked ? `${say("revoked")} ${moment(token.revoked)}` : token.expires ? moment(token.expires) : say("forEver")) },
        { head: say("action"), cell: (token) => !token.revoked && <button type="button" aria-label={`${say("revoke")}: ${token.label}`} onClick={() => void remove(`/tokens/${part(String(token.id))}`).then(done, setWrong)}>{say("revoke")}</button> },
      ]} />
    </section>
  );
}
