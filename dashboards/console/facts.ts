// What the server wrote into the page's head: known before anybody has logged in.

const fact = (name: string): string =>
  document.querySelector<HTMLMetaElement>(`meta[name="bongsu-${name}"]`)?.content ?? "";

/** Who warns. */
export const SENDER = fact("sender");
/** CAP status of everything this system says. */
export const STATUS = fact("status") || "Actual";
/** The zone times are shown in. */
export const ZONE = fact("timezone") || "UTC";
/** The city lives by a clock of its own, which is not the server's: in a demo, an exercise, a replay. */
export const OWN_CLOCK = fact("clock") === "own";
/** The address citizens know the pages under. */
export const PUBLIC = fact("public");
/** Nothing here is meant. */
export const IS_EXERCISE = STATUS !== "Actual";
/** What style sheets carry that a script makes. */
export const NONCE = fact("nonce");

const label = (tongue: string): string | null =>
  document.querySelector<HTMLMetaElement>(`meta[name="bongsu-oidc-${tongue}"]`)?.content ?? null;
/** What stands on the button of the city's own login, by language, empty where nobody chose; `null`: there is none. */
export const CITY_LOGIN: Record<string, string> | null =
  label("ko") === null ? null : { ko: label("ko") ?? "", en: label("en") ?? "" };
