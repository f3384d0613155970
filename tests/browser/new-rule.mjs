// A new rule with the console alone: begun, broken and told where, mended, submitted, put in force by a second person, in
// shadow.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { asked, enter, invited, reason } from "./bench.mjs";
import { OPERATOR, accessible, close, fits, picture } from "./browser.mjs";

after(close);

test("a new rule is begun, written, read by a second person and at work in shadow", { timeout: 300_000 }, async () => {
  const step = (what) => console.log(what);
  const kim = await enter(process.env.BONGSU_WELCOME, "kim");
  const park = await invited(kim, "park", "rule_author");
  const { page } = park;
  await page.getByRole("link", { name: "Rules" }).click();
  await page.getByRole("link", { name: "Rule language" }).click();
  await page.getByLabel("Find by name").fill("sta_lta");
  await page.getByRole("heading", { name: /sta_lta/ }).first().waitFor();
  await accessible(page, "the manual");
  await fits(page, "the manual");
  step("the manual is there, and what is looked for is found");

  await page.getByRole("link", { name: "Rules" }).click();
  await page.getByRole("link", { name: "New rule" }).click();
  await page.getByLabel(/^Id/).fill("our_river");
  await page.getByLabel("What it observes").selectOption("river_stage");
  await page.getByRole("button", { name: "Begin" }).click();
  await page.getByText("No mistakes.").waitFor();
  const line = page.locator(".cm-line", { hasText: "seen.last()" });
  await line.click();
  await page.keyboard.press("Home");
  await page.keyboard.type("let odd = sen.last(); ");
  await page.locator(".mistakes li", { hasText: "did you mean `seen`?" }).waitFor();
  assert.ok(await page.getByRole("button", { name: "Submit", exact: true }).isDisabled());
  await accessible(page, "a new rule with a mistake");
  await fits(page, "a new rule");
  await picture(page, "new-rule-1-broken", { fullPage: true });
  for (let n = 0; n < "let odd = sen.last(); ".length; n += 1) await page.keyboard.press("Backspace");
  await page.getByText("No mistakes.").waitFor();
  await page.getByRole("button", { name: "Submit", exact: true }).click();
  await reason(page, "our own gauge", "Submit");
  await asked(page);
  await page.getByText("our_river: Submitted.").waitFor();
  step("a broken text is told where; a good one is submitted");

  await kim.page.goto(`${OPERATOR}/rules`);
  await kim.page.getByText("“our own gauge”").waitFor();
  await accessible(kim.page, "a new rule that waits");
  await picture(kim.page, "new-rule-2-waits", { fullPage: true });
  await kim.page.getByRole("button", { name: "Approve and put in force" }).click();
  await kim.page.getByRole("row", { name: /our_river/ }).getByText("shadow").waitFor();
  const rule = await kim.page.evaluate(async () => (await fetch("/api/v1/rules/our_river")).json());
  assert.deepEqual([rule.mode, rule.author, rule.pack], ["shadow", "park", "our_river"]);
  step("a second person has put it in force, in shadow");
  for (const person of [kim, park]) {
    assert.deepEqual(person.complaints, []);
    await person.context.close();
  }
});
