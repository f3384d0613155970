// Accounts, for administrators: who may do what, and the one-time link by which a person comes in.

import { useState } from "preact/hooks";
import { get, part, post, type Role } from "../api";
import { Ask, Wrong } from "../ask";
import { CITY_LOGIN } from "../facts";
import { useLoaded } from "../live";
import { Table } from "../table";
import { type Key, say } from "../words";
import { Tokens } from "./tokens";

type CityLogin = "off" | "allowed" | "only";
interface Account {
  username: string; role: Role; active: boolean; totp: boolean; oidc: CityLogin; subject: string | null; created: string; disabled: string | null;
}

const LOGINS: [CityLogin, Key][] = [["off", "oidcOff"], ["allowed", "oidcAllowed"], ["only", "oidcOnly"]];

const ROLES: [Role, Key][] = [
  ["viewer", "viewer"], ["operator", "operator"], ["approver", "approver"], ["rule_author", "ruleAuthor"], ["admin", "admin"],
];

export const roleWord = (role: Role): string => say(ROLES.find(([known]) => known === role)?.[1] ?? "viewer");

interface RolesProps { value?: Role; change?: (role: string) => void; label: string; besides?: Role }

export function Roles({ value, change, label, besides }: RolesProps) {
  return (
    <select name="role" value={value} aria-label={label} onChange={(event) => change?.(event.currentTarget.value)}>
      {ROLES.filter(([role]) => role !== besides).map(([role, word]) => <option key={role} value={role}>{say(word)}</option>)}
    </select>
  );
}

export function People() {
  const found = useLoaded(() => get<{ users: Account[] }>("/users"), []);
  const [wrong, setWrong] = useState<Error | null>(null);
  const [link, setLink] = useState<string | null>(null);
  const [leaving, setLeaving] = useState<string | null>(null);
  const done = (): void => { setWrong(null); found.reload(); };
  const add = (event: Event): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    post<{ one_time_link: string }>("/users", Object.fromEntries(new FormData(form)))
      .then((made) => { setLink(made.one_time_link); form.reset(); done(); }, setWrong);
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
        <label>{say("role")}<Roles label={say("role")} /></label>
        <button type="submit" class="main">{say("invite")}</button>
      </form>
      {link && <p role="status" class="card">{say("oneTimeLink")}<br /><code>{link}</code></p>}
      <Table label={say("people")} rows={found.value?.users ?? []} keyOf={(account) => account.username} columns={[
        { head: say("user"), cell: (account) => account.username },
        { head: say("role"), cell: (account) => (account.disabled ? roleWord(account.role) : <Roles value={account.role} label={`${say("role")}: ${account.username}`} change={(role) => change(account.username, "role", { role })} />) },
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
      {leaving && (
        <Ask title={`${say("disable")}: ${leaving}`} confirm={say("disable")} reason={null} act={() => post(`/users/${part(leaving)}/disable`)}
          close={(changed) => { setLeaving(null); if (changed) done(); }}><p>{say("disableText")}</p></Ask>
      )}
      <Tokens />
    </main>
  );
}
