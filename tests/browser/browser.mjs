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
  const widths = (scheme) => (scheme === "light" ? [1440, 1024, 320] : [1440, 320]);
  const all = ["light", "dark"].flatMap((scheme) => languages.flatMap((language) => widths(scheme).map((width) => [scheme, language, width])));
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

/** A word that is not wider than this has room in every column, on a telephone too. */
const WORD_PX = 150;

/** Nothing is cut, has to be scrolled sideways, or is so narrow that words are torn between their letters. */
export async function fits(page, what) {
  const [wide, has] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(wide <= has, `${what}: ${wide} px wide in a window of ${has} px`);
  const hidden = await page.locator(".scroll:has(> .stack)").evaluateAll((boxes) => boxes.filter((box) => box.scrollWidth > box.clientWidth).map((box) => `${box.getAttribute("aria-label")}: ${box.scrollWidth} px in ${box.clientWidth}`));
  assert.deepEqual(hidden, [], `${what}: tables that are scrolled sideways`);
  const torn = await page.evaluate((widest) => {
    // What only screen readers are told stands in a box of one point.
    const isHidden = (box) => box !== null && (box.offsetWidth <= 1 || isHidden(box.parentElement));
    const isShown = (box) => box.checkVisibility({ visibilityProperty: true }) && !box.closest("svg, .cm-editor") && !isHidden(box);
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (!isShown(node.parentElement)) continue;
      // Chinese and Japanese are written without spaces, and go on in the next line anywhere.
      for (const { 0: word, index } of node.data.matchAll(/(?<!\S)\p{L}{2,}[,.:;!?)]?(?!\S)/gu)) {
        if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(word)) continue;
        range.setStart(node, index);
        range.setEnd(node, index + word.length);
        const pieces = [...range.getClientRects()];
        if (new Set(pieces.map(({ top }) => Math.round(top))).size > 1 && pieces.reduce((sum, { width }) => sum + width, 0) <= widest) found.push(word);
      }
    }
    return [...new Set(found)];
  }, WORD_PX);
  assert.deepEqual(torn, [], `${what}: words that are torn`);
}

/** What the server writes into the console's head, changed: another city, or one that practises. */
export async function facts(page, changed) {
  await page.route((url) => url.origin === OPERATOR && !url.pathname.startsWith("/api") && !url.pathname.includes("."), async (route) => {
    const answer = await route.fetch();
    const head = (html, [name, value]) => html.replace(new RegExp(`(name="bongsu-${name}" content=")[^"]*`), `$1${value}`);
    await route.fulfill({ response: answer, body: Object.entries(changed).reduce(head, await answer.text()) });
  });
}

export async function picture(page, name, options = {}) {
  if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}.png`), ...options });
}
