// A flood from the first rise to the all-clear, by what people see and click: two officers at the console of the real
// program, a citizen who subscribed and reads, and a gauge that measures.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { asked, enter, invited, reason } from "./bench.mjs";
import { OPERATOR, PUBLIC, accessible, close, picture, tab } from "./browser.mjs";
import { confirmed, letter } from "./letters.mjs";
import { measured } from "./river.mjs";

after(close);

const HOSTILE = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>";
const MINUTE = 60_000;

/** Two gauges rise together: from so many minutes ago to so many, by this much at the end. */
const rise = async (from, to, low, high) => {
  const now = Date.now();
  const readings = [];
  for (let ago = from; ago >= to; ago -= 10) {
    const stage = low + (high - low) * ((from - ago) / (from - to));
    for (const [station, above] of [["upper", 0], ["bridge", 0.2]]) readings.push({ station, at: now - ago * MINUTE, stage: stage + above });
  }
  await measured(readings);
};

const feed = async () => (await fetch(`${PUBLIC}/feed.atom?lang=en`)).text();

/** Reloads a page until it shows something: pages of a moment ago are handed out for a second. */
async function shows(page, wanted) {
  for (let n = 0; n < 40; n += 1) {
    if (await wanted(page).count() > 0) return;
    await new Promise((again) => setTimeout(again, 500));
    await page.reload();
  }
  assert.fail(`${page.url()} does not show it: ${await page.locator("main").innerText()}`);
}

/** Presses Tab until something has the focus. */
async function tabTo(page, wanted, most = 80) {
  for (let n = 0; n < most; n += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((selector) => document.activeElement?.matches(selector), wanted)) return;
  }
  assert.fail(`${wanted} is not reached with Tab`);
}

/** A citizen without scripts subscribes: a wrong address is told beside its field, a right one is asked to confirm. */
async function subscribe() {
  const { context, page } = await tab({ javaScriptEnabled: false });
  await page.goto(`${PUBLIC}/`);
  await page.getByRole("link", { name: "Get alerts" }).first().click();
  await page.getByLabel("E-mail address").evaluate((field) => field.setAttribute("type", "text"));
  await page.getByLabel("E-mail address").fill(`${HOSTILE}@nowhere`);
  await page.getByLabel("South bank").check();
  await page.getByRole("button", { name: "Get alerts" }).click();
  await page.getByText("Write the e-mail address like").first().waitFor();
  assert.equal(await page.getByLabel("E-mail address").getAttribute("aria-invalid"), "true");
  assert.equal(await page.getByLabel("E-mail address").inputValue(), `${HOSTILE}@nowhere`, "what was typed is still there");
  assert.ok(await page.getByLabel("South bank").isChecked(), "what was chosen is still chosen");
  await picture(page, "citizen-subscribe-wrong", { fullPage: true });
  await page.getByLabel("E-mail address").fill("citizen@example.city");
  await page.getByRole("button", { name: "Get alerts" }).click();
  await page.getByText("We have sent you an e-mail").first().waitFor();
  await confirmed(page);
  await context.close();
}

test("a flood from the first rise to the all-clear", { timeout: 500_000 }, async () => {
  const begun = Date.now();
  const told = [];
  const step = (what) => { told.push(`${((Date.now() - begun) / 1000).toFixed(0)} s: ${what}`); console.log(told.at(-1)); };
  const kim = await enter(process.env.BONGSU_WELCOME, "kim");
  step("the first administrator is in, by the one-time link");
  const lee = await invited(kim, "lee", "approver");
  step("a second person is invited and in");
  await subscribe();
  step("a citizen has subscribed by e-mail, without scripts");

  await kim.page.getByRole("link", { name: "Situation" }).click();
  await rise(120, 20, 3.6, 5.6);
  const label = kim.page.locator(".area-label");
  await label.filter({ hasText: "South bank" }).waitFor({ timeout: 30_000 });
  step(`the map shows it coming: ${(await label.allTextContents()).join(", ")}`);
  await picture(kim.page, "flow-1-map");

  // A second sample bears the first out, and what its rule lets out by itself is said.
  await measured([{ station: "upper", at: Date.now() - 19 * MINUTE, stage: 5.61 }, { station: "bridge", at: Date.now() - 19 * MINUTE, stage: 5.81 }]);
  const citizen = await tab();
  await citizen.page.goto(`${PUBLIC}/`);
  await shows(citizen.page, (page) => page.locator("article.card"));
  assert.equal(await citizen.page.locator(".chip", { hasText: "Great danger" }).count(), 0, "nothing of it was decided yet");

  await rise(10, 0, 6.3, 7.1);
  const open = kim.page.locator(".map-part + section .list li.one", { hasText: "Upper gauge" }).filter({ hasText: "Proposed" });
  await open.waitFor({ timeout: 30_000 });
  await open.getByRole("link").click();
  await kim.page.getByRole("heading", { name: "Why?" }).waitFor();
  // The limit is reached, or is near and will be.
  const why = kim.page.locator("tr.true", { hasText: "warning limit" }).first();
  await why.waitFor();
  step(`why: ${(await why.textContent()).trim()}`);
  await accessible(kim.page, "an incident that waits");
  await picture(kim.page, "flow-2-incident", { fullPage: true });
  const incident = decodeURIComponent(new URL(kim.page.url()).pathname.split("/")[2]);

  await kim.page.getByRole("button", { name: "Add a note" }).click();
  await reason(kim.page, HOSTILE, "Add a note");
  await kim.page.getByText(HOSTILE).first().waitFor();
  await kim.page.getByRole("button", { name: "Approve and issue" }).click();
  await kim.page.locator("dialog").getByText("A second person must approve as well").waitFor();
  await kim.page.locator("dialog button.main").click();
  await asked(kim.page);
  await kim.page.getByText("Approved by: kim").waitFor();
  await citizen.page.goto(`${PUBLIC}/alerts/${incident}?lang=en`);
  assert.equal(await citizen.page.locator(".chip", { hasText: "Great danger" }).count(), 0, "one approval of two lets nothing out");
  step("one of two has approved, and citizens are told nothing yet");

  // The second person uses keys alone.
  await lee.page.goto(`${OPERATOR}/inbox`);
  await lee.page.locator(".inbox li.waits").first().waitFor();
  await tabTo(lee.page, ".inbox a");
  const rows = lee.page.locator(".inbox li.card");
  const at = await rows.evaluateAll((items, id) => items.findIndex((item) => item.querySelector("a")?.getAttribute("href")?.endsWith(encodeURIComponent(id))), incident);
  for (let n = 0; n < at; n += 1) await lee.page.keyboard.press("ArrowDown");
  await lee.page.keyboard.press("a");
  await rows.nth(at).getByText("Acknowledged: lee").waitFor();
  await lee.page.keyboard.press("Enter");
  await lee.page.getByRole("button", { name: "Approve and issue" }).waitFor();
  await tabTo(lee.page, ".decisions button.main");
  await lee.page.keyboard.press("Enter");
  await lee.page.locator("dialog").waitFor();
  await tabTo(lee.page, "dialog button.main", 10);
  await lee.page.keyboard.press("Enter");
  await asked(lee.page);
  step("the second person has acknowledged and approved, with keys alone");

  await shows(citizen.page, (page) => page.locator(".chip", { hasText: "Great danger" }));
  assert.match(await feed(), new RegExp(`Great danger[^<]*<[^]*?/alerts/${incident.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`));
  await accessible(citizen.page, "the alert that was approved");
  await picture(citizen.page, "flow-3-citizen", { fullPage: true });
  await citizen.page.goto(`${PUBLIC}/?lang=en`);
  await shows(citizen.page, (page) => page.locator(".chip", { hasText: "Great danger" }));
  step("citizens read it on the first page, at its own address and in the feed");
  const warned = await letter(/Great danger/);
  step(`the citizen who subscribed is written to: ${warned.split("\n")[0]}`);

  await citizen.page.goto(`${PUBLIC}/alerts/${incident}?lang=en`);
  await citizen.page.getByRole("link", { name: "Report what you see" }).last().click();
  await citizen.page.getByLabel("Knees").check();
  assert.equal(await citizen.page.getByLabel("Where is it?").inputValue(), "south", "the alert's place is chosen already");
  await picture(citizen.page, "citizen-report-filled", { fullPage: true });
  await citizen.page.getByRole("button", { name: "Send" }).click();
  await citizen.page.getByText("The officers on duty will see it").first().waitFor();
  await kim.page.reload();
  await kim.page.getByRole("heading", { name: "Citizens' reports (1)" }).waitFor();
  await kim.page.getByText("knees").first().waitFor();
  step("a citizen reports what is seen, and the officer reads it beside the evidence");

  await kim.page.getByRole("button", { name: "Send the all-clear" }).click();
  await reason(kim.page, `checked on site ${HOSTILE}`, "Send the all-clear");
  await asked(kim.page);
  await citizen.page.goto(`${PUBLIC}/alerts/${incident}?lang=en`);
  await shows(citizen.page, (page) => page.locator("article .chip", { hasText: "Over" }));
  assert.equal(await citizen.page.getByText("checked on site").count(), 0, "reasons are the officers' own");
  assert.match(await feed(), /<title>Over: river flooding, Upper gauge, South bank<\/title>/);
  await picture(citizen.page, "flow-4-over", { fullPage: true });
  step("the all-clear stands at the same address, and in the feed");

  const other = kim.page.locator(".inbox li.card", { hasText: "Bridge" });
  await kim.page.getByRole("link", { name: "Inbox" }).click();
  await other.first().getByRole("link").click();
  await kim.page.getByRole("button", { name: "Cancel as false alarm" }).click();
  await kim.page.locator("dialog button.main").click();
  await asked(kim.page);
  const mistaken = decodeURIComponent(new URL(kim.page.url()).pathname.split("/")[2]);
  await citizen.page.goto(`${PUBLIC}/alerts/${mistaken}?lang=en`);
  await shows(citizen.page, (page) => page.locator("article .chip", { hasText: "Withdrawn" }));
  await citizen.page.getByText("sent by mistake and is cancelled").waitFor();
  assert.equal(await citizen.page.locator(".chip", { hasText: "Over" }).count(), 0, "what was a mistake was never there");
  await picture(citizen.page, "flow-5-withdrawn", { fullPage: true });
  step("a false alarm is shown as withdrawn, not as over");

  const leave = (await letter(/unsubscribe/i)).match(/http:\S+\/unsubscribe/)[0];
  await citizen.page.goto(leave);
  await citizen.page.getByRole("button", { name: "Stop and erase my address" }).click();
  await citizen.page.getByText("Your address is erased").first().waitFor();
  step("the citizen has unsubscribed");
  for (const person of [kim, lee, citizen]) {
    assert.deepEqual(person.complaints, []);
    await person.context.close();
  }
});
