// The two ways in: a name with its password, and the one-time link of the first start.

import { useEffect, useState } from "preact/hooks";
import { get, keepToken, type Me, part, post, Refusal } from "../api";
import { Wrong } from "../ask";
import { SENDER } from "../facts";
import { go } from "../way";
import { say } from "../words";

interface EnterProps {
  enter: (me: Me) => void;
}

export function Login({ enter }: EnterProps) {
  const [wrong, setWrong] = useState<string | null>(null);
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
      <form onSubmit={submit}>
        <label>{say("user")}<input name="username" autocomplete="username" required autocapitalize="none" /></label>
        <label>{say("password")}<input name="password" type="password" autocomplete="current-password" required /></label>
        <label>{say("code")}<input name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]*" /></label>
        {wrong && <p class="wrong" role="alert">{wrong}</p>}
        <p class="buttons"><button type="submit" class="main" disabled={busy}>{say("login")}</button></p>
      </form>
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
          <label>{say("user")}<input name="username" autocomplete="username" required autocapitalize="none" defaultValue={guest.username ?? ""} readOnly={Boolean(guest.username)} /></label>
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
