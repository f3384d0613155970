// Accounts, for administrators: who may do what, and the one-time link by which a person comes in.

import { useEffect, useRef, useState } from "preact/hooks";
import { get, part, post, type Role } from "../api";
import { Ask, Wrong } from "../ask";
import { CITY_LOGIN, OWN_CLOCK } from "../facts";
import { useLoaded } from "../live";
import { Roles, RolesMean, roleWord } from "../roles";
import { Table } from "../table";
import { moment } from "../time";
import { type Key, say } from "../words";
import { Tokens } from "./tokens";

type CityLogin = "off" | "allowed" | "only";
interface Account {
  username: string; role: Role; active: boolean; totp: boolean; oidc: CityLogin; subject: string | null; created: string; disabled: string | null;
}

const LOGINS: [CityLogin, Key][] = [["off", "oidcOff"], ["allowed", "oidcAllowed"], ["only", "oidcOnly"]];

interface Invitation { name: string; link: string; expires: string }

/** Puts a text on the clipboard; where the page has none, because it did not come over TLS, what is marked is copied. */
async function copied(of: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(of.textContent ?? "");
    return true;
  } catch {
    getSelection()?.selectAllChildren(of);
    return document.execCommand("copy");
  }
}

/** The link by which somebody comes in. It is gone with the page, and when it was used. */
function Invited({ made }: { made: Invitation }) {
  const link = useRef<HTMLElement>(null);
  const [told, setTold] = useState("");
  const copy = (): void => void (link.current && copied(link.current).then((done) => setTold(say(done ? "copied" : "copyByHand"))));
  return (
    <section class="card" aria-label={`${say("invite")}: ${made.name}`}>
      <p role="status">{say("oneTimeLink")} <b>{made.name}</b><br /><code ref={link}>{made.link}</code></p>
      <p>{say("goodUntil")} {moment(made.expires)}{OWN_CLOCK && ` (${say("serversClock")})`}</p>
      <p class="buttons"><button type="button" onClick={copy}>{say("copyIt")}</button> <span role="status">{told}</span></p>
    </section>
  );
}

export function People() {
  const [made, setMade] = useState<Invitation | null>(null);
  // While somebody is expected, it is looked whether they came.
  const found = useLoaded(() => get<{ users: Account[] }>("/users"), [made], made ? 5_000 : 0);
  const [wrong, setWrong] = useState<Error | null>(null);
  const [chosen, setChosen] = useState<Role>("viewer");
  const [moving, setMoving] = useState<{ account: Account; role: Role } | null>(null);
  const [leaving, setLeaving] = useState<string | null>(null);
  const done = (): void => { setWrong(null); found.reload(); };
  const guest = found.value?.users.find((account) => account.username === made?.name);
  useEffect(() => { if (guest && (guest.active || guest.disabled)) setMade(null); }, [guest]);
  const add = (event: Event): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const name = String(new FormData(form).get("username"));
    setMade(null);
    post<{ one_time_link: string; expires: string }>("/users", Object.fromEntries(new FormData(form)))
      .then(({ one_time_link: link, expires }) => { setMade({ name, link, expires }); form.reset(); setChosen("viewer"); done(); }, setWrong);
  };
  const change = (name: string, path: string, body: unknown): void => void post(`/users/${part(name)}/${path}`, body).then(done, setWrong);
  // Whoever came already stays the one: only how else the account opens changes.
  const letIn = (account: Account, login: CityLogin): void => change(account.username, "oidc", login === "off" || !account.subject ? { login } : { login, subject: account.subject });
  return (
    <main id="main">
      <h1>{say("people")}</h1>
      {wrong && <Wrong wrong={wrong} />}
      <form onSubmit={add} class="row">
        <label>{say("user")}<input name="username" required pattern="[a-z0-9._\-]{2,64}" title={say("namePattern")} autocapitalize="none" autocomplete="off" /></label>
        <label>{say("role")}<Roles label={say("role")} change={setChosen} /></label>
        <button type="submit" class="main">{say("invite")}</button>
      </form>
      {made && <Invited key={made.link} made={made} />}
      <RolesMean only={chosen} />
      <details><summary>{say("rolesMean")}</summary><RolesMean /></details>
      <Table label={say("people")} rows={found.value?.users ?? []} keyOf={(account) => account.username} columns={[
        { head: say("user"), cell: (account) => account.username },
        { head: say("role"), cell: (account) => (account.disabled ? roleWord(account.role) : <Roles value={account.role} label={`${say("role")}: ${account.username}`} change={(role) => setMoving({ account, role })} />) },
        { head: say("state"), cell: (account) => <>{account.disabled ? say("disabled") : account.active ? say("active") : say("invited")}{account.totp && " · TOTP"}</> },
        ...(CITY_LOGIN ? [{
          head: say("oidc"),
          cell: (account: Account) => <>{!account.disabled && (
            <select value={account.oidc} aria-label={`${say("oidc")}: ${account.username}`} onChange={(event) => letIn(account, event.currentTarget.value as CityLogin)}>
              {LOGINS.map(([login, word]) => <option key={login} value={login}>{say(word)}</option>)}
            </select>
          )}{account.oidc !== "off" && <span class="mut"> {account.subject ?? say("oidcNobody")}</span>}</>,
        }] : []),
        { head: say("action"), cell: (account) => !account.disabled && <button type="button" aria-label={`${say("disable")}: ${account.username}`} onClick={() => setLeaving(account.username)}>{say("disable")}</button> },
      ]} />
      {moving && (
        <Ask title={`${say("role")}: ${moving.account.username}`} confirm={say("changeRole")} reason={null} act={() => post(`/users/${part(moving.account.username)}/role`, { role: moving.role })}
          close={(changed) => { setMoving(null); if (changed) done(); }}>
          <p>{roleWord(moving.account.role)} → <b>{roleWord(moving.role)}</b></p><RolesMean only={moving.role} /><p>{say("roleText")}</p>
        </Ask>
      )}
      {leaving && (
        <Ask title={`${say("disable")}: ${leaving}`} confirm={say("disable")} reason={null} act={() => post(`/users/${part(leaving)}/disable`)}
          close={(changed) => { setLeaving(null); if (changed) done(); }}><p>{say("disableText")}</p></Ask>
      )}
      {OWN_CLOCK && <p class="mut">{say("byServersClock")}</p>}
      <Tokens />
    </main>
  );
}
