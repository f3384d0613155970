// The ways in: a name with its password, the city's own login where there is one, and the one-time link of the first start.

import { useEffect, useState } from "preact/hooks";
import { get, keepToken, type Me, part, post, Refusal } from "../api";
import { Wrong } from "../ask";
import { CITY_LOGIN, SENDER } from "../facts";
import { go } from "../way";
import { type Key, say, tongue } from "../words";

interface EnterProps {
  enter: (me: Me) => void;
}

// Why the city's own login did not let somebody in, by the word in the address.
const REFUSED: Record<string, Key> = {
  stray: "oidcStray", denied: "oidcDenied", away: "oidcAway", distrusted: "oidcDistrusted", clock: "oidcClock", unknown: "oidcUnknown",
  disabled: "oidcDisabled", not_allowed: "oidcNotAllowed", late: "oidcLate", taken: "oidcTaken", braked: "tooMany",
};

const asked = (name: string): string | null => new URLSearchParams(location.search).get(name);

/** The page to go to after the login: the one that was asked for, as far as it is one of ours. */
function wanted(): string {
  const back = asked("return_to") ?? location.pathname;
  return /^\/(?![/\\])/.test(back) && !back.startsWith("/login") ? back : "/";
}

/** The one-time code that is still owed after the city's own login. */
function Code({ enter }: EnterProps) {
  const [wrong, setWrong] = useState<Error | null>(null);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const code = String(new FormData(event.currentTarget as HTMLFormElement).get("code") ?? "").trim();
    try {
      const me = await post<Me>("/login/oidc/code", { code });
      const back = wanted();
      enter(me);
      go(back);
    } catch (refused) {
      setWrong(refused as Error);
    }
  };
  return (
    <main id="main" class="door">
      <h1>{SENDER} · {say("login")}</h1>
      <form onSubmit={submit}>
        <label>{say("codeOwed")}<input name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]*" required /></label>
        {wrong && <Wrong wrong={wrong} />}
        <p class="buttons"><button type="submit" class="main">{say("login")}</button> <a class="button" href="/login">{say("cancelled")}</a></p>
      </form>
    </main>
  );
}

/** `told`: why somebody who was logged in is not any more. */
export function Login({ enter, told }: EnterProps & { told: Key | null }) {
  return CITY_LOGIN && asked("code") ? <Code enter={enter} /> : <Password enter={enter} told={told} />;
}

function Password({ enter, told }: EnterProps & { told: Key | null }) {
  const refused = REFUSED[asked("refused") ?? ""];
  const [wrong, setWrong] = useState<string | null>(refused ? say(refused) : null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const code = String(form.get("code") ?? "").trim();
    setBusy(true);
    try {
      const me = await post<Me>("/login", {
        username: form.get("username"), password: form.get("password"), ...(code === "" ? {} : { code }),
      });
      keepToken(me.csrf);
      enter(me);
    } catch (refused) {
      const status = refused instanceof Refusal ? refused.status : 0;
      setWrong(status === 401 ? say("loginFailed") : status === 429 ? say("tooMany") : (refused as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <main id="main" class="door">
      <h1>{SENDER} · {say("login")}</h1>
      {told && <p class="card" role="alert">{say(told)}</p>}
      <form onSubmit={submit}>
        <label>{say("user")}<input name="username" autocomplete="username" required autocapitalize="none" /></label>
        <label>{say("password")}<input name="password" type="password" autocomplete="current-password" required /></label>
        <label>{say("code")}<input name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]*" /></label>
        {wrong && <p class="wrong" role="alert">{wrong}</p>}
        <p class="buttons"><button type="submit" class="main" disabled={busy}>{say("login")}</button></p>
      </form>
      {CITY_LOGIN && <p class="buttons"><a class="button" href={`/api/v1/login/oidc?return_to=${part(wanted())}`}>{CITY_LOGIN[tongue] || say("oidcLogin")}</a></p>}
    </main>
  );
}

export function Welcome({ token, enter }: EnterProps & { token: string }) {
  // Whom the link invites: nobody any more, whoever comes first, or the owner of an account.
  const [guest, setGuest] = useState<{ valid: boolean; username?: string | null } | null>(null);
  const [wrong, setWrong] = useState<Error | null>(null);
  useEffect(() => {
    get<{ valid: boolean; username?: string | null }>(`/welcome/${part(token)}`).then(setGuest, () => setGuest({ valid: false }));
  }, [token]);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    try {
      const me = await post<Me>(`/welcome/${part(token)}`, { username: form.get("username"), password: form.get("password") });
      keepToken(me.csrf);
      enter(me);
      go("/");
    } catch (refused) {
      setWrong(refused as Error);
    }
  };
  return (
    <main id="main" class="door">
      <h1>{SENDER} · {say("welcome")}</h1>
      {guest?.valid === false && <><p role="alert">{say("welcomeGone")}</p><p><a class="button" href="/">{say("login")}</a></p></>}
      {guest?.valid && (
        <form onSubmit={submit}>
          <p>{say(guest.username ? "choosePassword" : "welcomeText")}</p>
          <label>{say("user")}<input name="username" autocomplete="username" required autocapitalize="none" pattern="[a-z0-9._\-]{2,64}" title={say("userRule")} aria-describedby="names" defaultValue={guest.username ?? ""} readOnly={Boolean(guest.username)} /></label>
          <p id="names" class="mut">{say("userRule")}</p>
          <label>{say("password")}
            <input name="password" type="password" autocomplete="new-password" required minlength={12} aria-describedby="rule" />
          </label>
          <p id="rule" class="mut">{say("passwordRule")}</p>
          {wrong && <Wrong wrong={wrong} />}
          <p class="buttons"><button type="submit" class="main">{say(guest.username ? "begin" : "create")}</button></p>
        </form>
      )}
    </main>
  );
}
