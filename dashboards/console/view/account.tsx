// One's own account: the password, and one-time codes of an authenticator app.

import { useState } from "preact/hooks";
import { encode } from "uqr";
import { get, type Me, post } from "../api";
import { Wrong } from "../ask";
import { useLoaded } from "../live";
import { RolesMean } from "../roles";
import { say } from "../words";

const typed = (event: Event): Record<string, string> => {
  event.preventDefault();
  return Object.fromEntries([...new FormData(event.currentTarget as HTMLFormElement)].map(([name, value]) => [name, String(value)]));
};

function Password() {
  const [wrong, setWrong] = useState<Error | null>(null);
  const submit = (event: Event): void => {
    const { old, new: next } = typed(event);
    // Every session ends with the password it began with; this one too.
    post("/me/password", { old, new: next }).then(() => location.assign("/login"), setWrong);
  };
  return (
    <section aria-labelledby="password">
      <h2 id="password">{say("changePassword")}</h2>
      <form onSubmit={submit} class="narrow">
        <label>{say("oldPassword")}<input name="old" type="password" autocomplete="current-password" required /></label>
        <label>{say("newPassword")}<input name="new" type="password" autocomplete="new-password" required minLength={12} aria-describedby="rule" /></label>
        <p id="rule" class="mut">{say("passwordRule")} {say("sessionsEnd")}</p>
        {wrong && <Wrong wrong={wrong} />}
        <p class="buttons"><button type="submit" class="main">{say("changePassword")}</button></p>
      </form>
    </section>
  );
}

/** What an app scans. Its quiet zone is white in the dark as well, because cameras expect it. */
function Picture({ text }: { text: string }) {
  const { data, size } = encode(text, { border: 4 });
  const path = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
  return <svg class="scan" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={say("scanIt")}><path class="paper" d={`M0 0h${size}v${size}H0z`} /><path class="ink" d={path} /></svg>;
}

function Begin({ done }: { done: () => void }) {
  const [begun, setBegun] = useState<{ secret: string; uri: string } | null>(null);
  const [wrong, setWrong] = useState<Error | null>(null);
  const begin = (): void => void post<{ secret: string; uri: string }>("/me/totp", { do: "begin" }).then(setBegun, setWrong);
  const confirm = (event: Event): void => {
    const { password, code } = typed(event);
    post("/me/totp", { do: "confirm", password, code: code?.replaceAll(" ", ""), secret: begun?.secret }).then(done, setWrong);
  };
  if (!begun) return <>{wrong && <Wrong wrong={wrong} />}<p class="buttons"><button type="button" class="main" onClick={begin}>{say("beginCodes")}</button></p></>;
  return (
    <form onSubmit={confirm} class="narrow">
      <p>{say("scanIt")}</p>
      <Picture text={begun.uri} />
      <p>{say("orType")} <code>{begun.secret}</code></p>
      <label>{say("codeShown")}<input name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]{6,7}" required /></label>
      <label>{say("password")}<input name="password" type="password" autocomplete="current-password" required /></label>
      {wrong && <Wrong wrong={wrong} />}
      <p class="buttons"><button type="submit" class="main">{say("confirmCodes")}</button></p>
    </form>
  );
}

function End({ done }: { done: () => void }) {
  const [wrong, setWrong] = useState<Error | null>(null);
  const end = (event: Event): void => {
    const { password } = typed(event);
    post("/me/totp", { do: "end", password }).then(done, setWrong);
  };
  return (
    <form onSubmit={end} class="narrow">
      <p>✓ {say("codesOn")}</p>
      <label>{say("password")}<input name="password" type="password" autocomplete="current-password" required /></label>
      {wrong && <Wrong wrong={wrong} />}
      <p class="buttons"><button type="submit">{say("endCodes")}</button></p>
    </form>
  );
}

export function Account() {
  const found = useLoaded(() => get<Me>("/me"), []);
  const [told, setTold] = useState("");
  const me = found.value;
  const done = (): void => { setTold(say("done")); found.reload(); };
  if (!me) return <main id="main"><h1>{say("account")}</h1>{found.wrong ? <Wrong wrong={found.wrong} /> : <p>{say("loading")}</p>}</main>;
  return (
    <main id="main">
      <h1>{say("account")}: {me.user}</h1>
      <RolesMean only={me.role} />
      <p role="status">{told}</p>
      <Password />
      <section aria-labelledby="codes">
        <h2 id="codes">{say("codes")}</h2>
        <p>{say("codesText")}</p>
        {me.totp ? <End done={done} key="end" /> : <Begin done={done} key="begin" />}
      </section>
    </main>
  );
}
