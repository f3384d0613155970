// What the server wrote into the page's head: known before anybody has logged in.

const fact = (name: string): string =>
  document.querySelector<HTMLMetaElement>(`meta[name="bongsu-${name}"]`)?.content ?? "";

/** Who warns. */
export const SENDER = fact("sender");
/** CAP status of everything this system says. */
export const STATUS = fact("status") || "Actual";
/** The zone times are shown in. */
export const ZONE = fact("timezone") || "UTC";
/** The address citizens know the pages under. */
export const PUBLIC = fact("public");
/** Nothing here is meant. */
export const IS_EXERCISE = STATUS !== "Actual";
/** What style sheets carry that a script makes. */
export const NONCE = fact("nonce");
