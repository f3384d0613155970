// A browser for tests: Debian's Chromium through Playwright's protocol library, and axe-core beside it. Both stand where
// setup.sh put them (BROWSER_HOME).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const home = process.env.BROWSER_HOME;
if (!home) throw new Error("BROWSER_HOME is not set: run this through `cargo test -p bongsu-tests --test browser`");
const library = createRequire(join(home, "package.json"));
const { chromium } = library("playwright-core");
const axe = readFileSync(library.resolve("axe-core/axe.min.js"), "utf8");

export const PUBLIC = process.env.BONGSU_PUBLIC;
export const OPERATOR = process.env.BONGSU_OPERATOR;
/** Where pictures of the pages are put, for whoever wants to look at them. */
export const PICTURES = process.env.BROWSER_PICTURES;

/**
 * Looks that pages are checked in: each scheme, language and width with another one; with pictures every combination,
 * for whoever wants to see them all.
 */
export const looks = (languages) => {
  const all = ["light", "dark"].flatMap((scheme) => languages.flatMap((language) => [1440, 320].map((width) => [scheme, language, width])));
  const [ko, en] = languages;
  return PICTURES ? all : [["light", ko, 1440], ["dark", en, 1440], ["light", en, 320], ["dark", ko, 320]];
};

let running;
export const browser = async () => {
  running ??= await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  return running;
};
export const close = async () => (await running)?.close();

/** A tab. Everything it complains about is kept; a request to anybody else is a failure. */
export async function tab(options = {}) {
  const context = await (await browser()).newContext({ locale: "en-GB", viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => { complaints.push(`dialog: ${dialog.message()}`); void dialog.dismiss(); });
  page.on("console", (message) => {
    const text = message.text();
    // A refusal is what some tests are about; the browser says each aloud.
    if (message.type() === "error" && !text.includes("Failed to load resource")) complaints.push(text);
  });
  page.on("request", (request) => {
    const known = [PUBLIC, OPERATOR].some((origin) => request.url().startsWith(`${origin}/`));
    if (!known && !/^(data|blob|about):/.test(request.url())) complaints.push(`third party: ${request.url()}`);
  });
  return { context, page, complaints };
}

/** Fails where axe-core finds a violation of WCAG 2.2 A or AA, or of its own best practices. */
export async function accessible(page, what) {
  // Through the debugger, which the content security policy does not concern.
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  }));
  const told = found.violations.map((one) => `${one.id}: ${one.help}\n    ${one.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.failureSummary ?? ""}`).join("\n    ")}`);
  assert.deepEqual(told, [], `${what}:\n  ${told.join("\n  ")}`);
}

/** Nothing is cut or has to be scrolled sideways. */
export async function fits(page, what) {
  const [wide, has] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(wide <= has, `${what}: ${wide} px wide in a window of ${has} px`);
}

export async function picture(page, name, options = {}) {
  if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}.png`), ...options });
}
