// A rule is made better with the console alone: what it missed and what it said for nothing is seen, a season of settings
// is swept, the sweep is stopped and begun again, one of its points is taken, submitted, and put in force by a second
// person.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { asked, enter, invited, reason, river } from "./bench.mjs";
import { OPERATOR, accessible, close, fits, picture } from "./browser.mjs";

after(close);

test("one false alarm fewer, no catch lost, found by a sweep", { timeout: 500_000 }, async () => {
  const step = (what) => console.log(what);
  const kim = await enter(process.env.BONGSU_WELCOME, "kim");
  const park = await invited(kim, "park", "rule_author");
  const { page } = park;
  await river();

  await page.getByRole("link", { name: "Rules" }).click();
  await page.getByRole("link", { name: "River flooding", exact: true }).click();
  await page.getByLabel("Where").selectOption("north");
  await page.getByLabel("From level").selectOption("watch");
  const score = (name) => page.locator(".score tr", { has: page.getByRole("rowheader", { name, exact: true }) }).locator("td");
  const counts = async () => Promise.all(["caught", "missed", "false alarms"].map((name) => score(name).allTextContents()));
  await page.getByText("same 2").waitFor();
  assert.equal(await page.getByLabel("Judged by").inputValue(), "watch", "a level is judged by its own limit");
  assert.deepEqual(await counts(), [["1", "1"], ["0", "0"], ["1", "1"]]);
  await page.getByLabel("Judged by").selectOption("people");
  await page.locator(".score").getByText("nobody said").waitFor();
  await page.getByLabel("Judged by").selectOption("watch");
  await page.getByRole("slider", { name: "lead_min" }).fill("0");
  await page.getByText("false alarms: 1 fewer · catches: 1 fewer").waitFor();
  assert.deepEqual(await counts(), [["1", "0"], ["0", "1"], ["1", "0"]]);
  await accessible(page, "what was missed");
  await picture(page, "sweep-1-missed", { fullPage: true });
  step("without any lead the false alarm is gone, and so is the catch: the console says both");
  await page.getByRole("button", { name: "Put all back" }).click();

  const sweep = page.getByRole("region", { name: "Sweep" });
  const begun = async () => page.waitForResponse((answer) => answer.url().endsWith("/sweeps"));
  // A window must be played whole for each of its values: that takes long enough to be looked at.
  await sweep.getByLabel("Parameter").selectOption("lead_min");
  await sweep.getByLabel("Second").selectOption("trend");
  await sweep.getByLabel("Look back").selectOption("184");
  const answer = begun();
  await sweep.getByRole("button", { name: /^Try all/ }).click();
  const { sweep: id } = await (await answer).json();
  const bar = sweep.getByRole("progressbar");
  await page.waitForFunction(() => { const bar = document.querySelector("progress"); return bar !== null && bar.position > 0; });
  await accessible(page, "a sweep at work");
  await picture(page, "sweep-2-at-work", { fullPage: true });
  const seen = await bar.evaluate((one) => one.position);
  await sweep.getByRole("button", { name: "Stop" }).click();
  await sweep.getByText("Stopped. The rest was not counted.").waitFor();
  const standing = () => page.evaluate(async (path) => (await fetch(path)).json(), `/api/v1/rules/river_flood/sweeps/${id}`);
  const stopped = await standing();
  assert.equal(stopped.state, "stopped");
  assert.ok(stopped.part < 1, `${stopped.part}`);
  await page.waitForTimeout(300);
  assert.deepEqual([(await standing()).part, (await standing()).took_ms], [stopped.part, stopped.took_ms], "the server has really stopped");
  step(`a sweep of 184 days shows how far it is (${(100 * seen).toFixed(0)} %), and is stopped at ${(100 * stopped.part).toFixed(0)} %`);

  await sweep.getByLabel("Second").selectOption("");
  await sweep.getByRole("button", { name: /^Try all/ }).click();
  await sweep.locator(".cloud").waitFor({ timeout: 240_000 });
  step(`a sweep of one parameter: ${await sweep.getByRole("status").last().textContent()}`);
  await sweep.getByRole("row", { name: /^30/ }).getByText("in force").waitFor();
  await accessible(page, "a sweep");
  await fits(page, "a sweep");
  await picture(page, "sweep-3-found", { fullPage: true });
  const kept = page.waitForEvent("download");
  await sweep.getByRole("link", { name: "Report (HTML)" }).click();
  const file = await kept;
  assert.equal(file.suggestedFilename(), "backtest-river_flood.html");
  const report = readFileSync(await file.path(), "utf8");
  assert.match(report, /Back-test of river_flood[\s\S]*bridge river_stage 6.2/);
  step("the report is a page to keep, as the command line writes it");
  await sweep.getByRole("button", { name: /1 caught, 0 false alarms/ }).click();
  await page.getByText("false alarms: 1 fewer · no catch lost").waitFor();
  assert.equal(await page.getByRole("slider", { name: "lead_min" }).inputValue(), "10");
  assert.deepEqual(await counts(), [["1", "1"], ["0", "0"], ["1", "0"]]);
  await sweep.getByRole("row", { name: /^10/ }).getByText("on the sliders").waitFor();
  await accessible(page, "a setting that was taken");
  await picture(page, "sweep-4-taken", { fullPage: true });
  for (const [width, scheme] of [[320, "light"], [320, "dark"], [1440, "dark"]]) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: scheme });
    await fits(page, `a sweep at ${width}`);
    await accessible(page, `a sweep at ${width}, ${scheme}`);
    await picture(page, `sweep-4-taken-${scheme}-${width}`, { fullPage: true });
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  step("a point is taken into the sliders: one false alarm fewer, no catch lost");

  await page.getByLabel("Tests").check();
  await page.locator(".cases .passes").first().waitFor();
  assert.equal(await page.locator(".cases .fails").count(), 0);
  step(`the rule's own cases are played: ${await page.locator(".verdictline", { hasText: "pass" }).textContent()}`);
  await page.getByLabel("Tune").check();
  assert.equal(await page.getByRole("slider", { name: "lead_min" }).inputValue(), "10", "what was moved is still there");

  await page.getByRole("button", { name: "Submit as the rule's own" }).click();
  await accessible(page, "the question before numbers are submitted");
  await reason(page, "the park was emptied for nothing", "Submit");
  await asked(page);
  await page.getByText("Submitted. A second person").waitFor();
  // Whoever is to approve it is told in the inbox, and sees what it would have changed.
  await kim.page.goto(`${OPERATOR}/inbox`);
  await kim.page.getByRole("link", { name: /River flooding/ }).first().click();
  await kim.page.getByRole("link", { name: "See the past with these numbers" }).click();
  await kim.page.getByLabel("From level").selectOption("watch");
  await kim.page.getByText("false alarms: 1 fewer · no catch lost").waitFor();
  const rule = () => page.evaluate(async () => (await fetch("/api/v1/rules/river_flood")).json());
  assert.equal((await rule()).params[0].default, 30, "nothing is in force yet");
  await kim.page.goto(`${OPERATOR}/rules/river_flood`);
  await kim.page.getByLabel("Versions and review").check();
  await kim.page.getByText("“the park was emptied for nothing”").waitFor();
  await kim.page.getByText("+ 10.0").waitFor();
  await kim.page.getByRole("button", { name: "Approve and put in force" }).click();
  await kim.page.getByText("Nothing waits.").waitFor();
  assert.equal((await rule()).params[0].default, 10);
  step("a second person has read the number and put it in force");
  for (const person of [kim, park]) {
    assert.deepEqual(person.complaints, []);
    await person.context.close();
  }
});
