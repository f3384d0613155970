// The letters a city has written, as its mail server keeps them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = process.env.BONGSU_LETTERS;

/** A letter's lines as they were before they were wrapped, with its text decoded. */
function read(name) {
  const raw = readFileSync(join(FOLDER, name), "utf8");
  const [head, ...rest] = raw.split("\n\n");
  const body = rest.join("\n\n");
  const is = (what) => new RegExp(`content-transfer-encoding: ${what}`, "i").test(head);
  const quoted = () => Buffer.from(body.replace(/=\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))), "latin1").toString("utf8");
  return is("base64") ? Buffer.from(body, "base64").toString("utf8") : is("quoted-printable") ? quoted() : body;
}

/** Whoever has just asked for alerts by e-mail says yes, by the letter that asks. */
export async function confirmed(page) {
  const question = await letter(/\/confirm/);
  await page.goto(question.match(/http:\S+\/confirm/)[0]);
  await page.getByRole("button", { name: "Yes, warn me" }).click();
  await page.getByText("You are subscribed").first().waitFor();
}

/** The first letter in which something stands; waits for it. */
export async function letter(wanted, patience = 30_000) {
  const until = Date.now() + patience;
  for (;;) {
    const all = readdirSync(FOLDER).filter((name) => name.endsWith(".txt")).map(read);
    const found = all.find((text) => wanted.test(text));
    if (found) return found;
    if (Date.now() > until) throw new Error(`no letter says ${wanted}: ${JSON.stringify(all)}`);
    await new Promise((again) => setTimeout(again, 100));
  }
}
