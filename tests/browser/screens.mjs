// The main job of every screen of the console that no story of its own tells, on the real program: situation and wall,
// station, silences, exercises, people, devices, deliveries, system, audit. (Inbox and incident: flood.mjs. Rules:
// workbench.mjs, sweep.mjs, new-rule.mjs. A past day: replay.mjs. Codes and tokens: console.mjs.)
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { asked, enter, invited, reason } from "./bench.mjs";
import { OPERATOR, accessible, close, fits } from "./browser.mjs";
import { measured } from "./river.mjs";

after(close);

test("every screen does its job", { timeout: 400_000 }, async () => {
  const { page, complaints, context } = await enter(process.env.BONGSU_WELCOME, "kim");
  const at = async (path) => {
    await page.goto(`${OPERATOR}${path}`);
    await page.locator("main h1").first().waitFor();
  };
  const well = async (what) => {
    await accessible(page, what);
    await fits(page, what);
    console.log(`${what}: its job is done`);
  };

  await page.getByRole("slider").fill("40");
  await page.getByRole("button", { name: "Back to now" }).click();
  await page.getByRole("button", { name: "Back to now" }).waitFor({ state: "detached" });
  await page.getByLabel("Find by name").fill("Upper");
  await page.getByRole("row", { name: /Upper gauge/ }).waitFor();
  assert.equal(await page.locator("tbody tr").count(), 2, "the gauge and the kiosk by it");
  await well("situation");
  await page.getByRole("link", { name: "Wall" }).click();
  await page.getByRole("link", { name: "Leave wall" }).click();
  await page.getByLabel("Find by name").waitFor();
  console.log("wall: it is entered and left");

  await at("/station/bridge");
  await page.getByLabel("7 d").check();
  await page.locator("svg.hydrograph").waitFor();
  await page.locator("summary", { hasText: "Values (13)" }).click();
  assert.equal(await page.locator("details table tbody tr").count(), 13);
  const kept = page.waitForEvent("download");
  await page.getByRole("link", { name: /CSV/ }).click();
  assert.equal((await kept).suggestedFilename(), "bridge-river_stage.csv");
  await page.getByRole("link", { name: "Upper gauge" }).click();
  await page.getByRole("heading", { name: "Upper gauge", level: 1 }).waitFor();
  await well("station");

  await at("/silences?hazard=river_flood&area=north");
  await page.getByLabel("Reason").fill("the gauge is being mended");
  await page.getByRole("button", { name: "Silence", exact: true }).click();
  await page.getByRole("button", { name: "End the silence: the gauge is being mended" }).click();
  await page.getByText("the gauge is being mended").waitFor({ state: "detached" });
  await well("silences");

  await at("/exercises");
  await page.getByLabel("Area").selectOption("south");
  await page.getByLabel("Reason").fill("the spring drill");
  await page.getByRole("button", { name: "Start the exercise" }).click();
  const end = page.getByRole("button", { name: /^End: / });
  await end.first().waitFor();
  await well("exercises");
  await end.first().click();
  await end.first().waitFor({ state: "detached" });

  const lee = await invited({ page }, "lee", "viewer");
  await at("/people");
  assert.equal(await page.getByText("/welcome/").count(), 0, "a link that was used is not shown");
  await page.getByLabel("Role: lee").selectOption("operator");
  await page.locator("dialog").getByText("logs this person out at once").waitFor();
  await page.locator("dialog button.main").click();
  await page.locator("dialog").waitFor({ state: "detached" });
  await lee.page.getByText("Your role was changed, so you were logged out.").waitFor();
  await accessible(lee.page, "the login of somebody with another role");
  await page.getByRole("row", { name: /lee/ }).getByText("active").waitFor();
  await page.getByRole("button", { name: "Disable: lee" }).click();
  await page.locator("dialog button.main").click();
  await page.getByRole("row", { name: /lee/ }).getByText("disabled").waitFor();
  await lee.page.reload();
  await lee.page.getByLabel("Password").waitFor();
  await lee.page.getByText("Your role was changed").waitFor();
  await lee.context.close();
  await well("people");

  const now = Date.now();
  await measured([{ station: "square", at: now, stage: 3 }, { station: "bridge", at: now - 60_000, stage: 6.4 }, { station: "bridge", at: now - 60_000, stage: 6.4 }]);
  await at("/devices");
  const cells = async (id) => page.getByRole("row").filter({ has: page.locator("code", { hasText: new RegExp(`^${id}$`) }) }).locator("td").allTextContents();
  for (let n = 0; (await cells("bridge")).at(-2) !== "1" && n < 40; n += 1) {
    await page.waitForTimeout(500);
    await page.reload();
    await page.locator("main table").first().waitFor();
  }
  assert.equal((await cells("bridge")).at(-2), "1", "what was said twice is counted");
  assert.equal((await cells("square")).at(-1), "1", "what was refused is counted");
  assert.equal((await cells("bridge")).at(-3) === "–", false, "its clock is judged");
  await page.getByRole("region", { name: "Dead letters" }).getByText("river_stage").first().waitFor();
  await page.getByLabel("Speaks for").selectOption(["kiosk"]);
  await page.getByRole("button", { name: "Let a device in" }).click();
  await reason(page, "a new kiosk", "Let a device in");
  await asked(page);
  const secret = await page.locator(".secret code").nth(1).textContent();
  assert.equal(secret.length, 64);
  await page.getByRole("button", { name: "I have it" }).click();
  await page.locator("summary", { hasText: "Device accounts (1)" }).click();
  await page.getByRole("button", { name: /^Revoke: / }).click();
  await accessible(page, "the question before a device is shut out");
  await reason(page, "it was stolen", "Revoke");
  await asked(page);
  await page.getByRole("button", { name: /^Revoke: / }).waitFor({ state: "detached" });
  assert.ok(!(await page.content()).includes(secret), "a secret is shown once");
  await well("devices");

  await at("/deliveries");
  await page.getByLabel("State").selectOption("sent");
  await page.locator("main table, main p", { hasText: /Sent|sent|No deliveries/ }).first().waitFor();
  await well("deliveries");

  await at("/system");
  // A name that is no text cannot be said in CAP: the system says so itself.
  await page.getByText("cannot be handed out as CAP").waitFor();
  await well("system");

  await at("/audit");
  for (const action of ["device.add", "device.revoke", "user.add", "user.role", "user.disable"]) {
    await page.getByRole("cell", { name: action, exact: true }).first().waitFor();
  }
  await well("audit");
  assert.deepEqual(complaints, []);
  await context.close();
});
