// What an officer reads at the desk with a made city behind it: incidents of one event together, why then and now, rain as
// bars, what became of a message, and a moment of the past.
import assert from "node:assert/strict";
import { test } from "node:test";
import { OPERATOR, accessible, facts, fits, picture } from "./browser.mjs";
import { over } from "./made.mjs";

test("one flood is one heading, what waits is never folded away, and each is decided on its own", () => over(async (page, calls) => {
  await page.goto(`${OPERATOR}/inbox`);
  const event = page.locator(".inbox .event");
  await event.first().waitFor();
  assert.equal(await event.count(), 1, "one river floods in eight districts");
  assert.match(await event.locator("h2").innerText(), /River flooding: .*\+ 5/s);
  await event.getByText("20 incidents of one event").waitFor();
  assert.equal(await event.locator(":scope > ol > li.waits").count(), 4, "those that wait stand open");
  assert.equal(await event.locator("details li").count(), 0, "the others are one step away");
  await picture(page, "console-event", { fullPage: true });
  await event.locator("summary").click();
  await event.locator("details li.card").first().waitFor();
  assert.equal(await event.locator("details li.card").count(), 16);
  await accessible(page, "an event that was opened");
  const row = event.locator("details li.card").filter({ has: page.getByRole("button", { name: /^Acknowledge/ }) }).first();
  const incident = await row.getAttribute("data-incident");
  assert.match(await row.locator(".title").innerText(), /^River flooding · /, "how bad it is says the chip alone");
  await row.getByRole("button", { name: /^Acknowledge/ }).click();
  await page.getByText("Acknowledged: kim").waitFor();
  assert.deepEqual(calls.map(([path]) => path), [`/alerts/${incident}/ack`]);
  await page.goto(`${OPERATOR}/incident/river_flood-gu0-0`);
  await page.getByText("The same event (19)").waitFor();
}));

test("what was decided on stands beside what is so now, and what is unknown says why", () => over(async (page) => {
  await page.goto(`${OPERATOR}/incident/river_flood-gu0-0`);
  const why = page.locator("section[aria-labelledby=why]");
  const fell = why.locator(".why tbody tr").first();
  await fell.getByText("5.1").waitFor();
  const cells = (await fell.locator("td").allInnerTexts()).map((text) => text.replaceAll("\u00a0", " "));
  assert.deepEqual(cells, ["≥ 6.2 m", "6.4 m ● reached", "5.1 m ○ not reached"]);
  assert.match(await why.locator(".why thead").first().innerText(), /Then \(8 Jul.*\).*Now \(\d\d:\d\d\)/s);
  const unknown = why.locator(".why tbody tr.unknown td");
  await unknown.filter({ hasText: "there were too few usable readings then" }).waitFor();
  await unknown.filter({ hasText: "no usable reading since" }).waitFor();
  await why.getByText("was not believed: a spike").first().waitFor();
  await why.getByText("no station near observes: reservoir_outflow").first().waitFor();
  await page.getByText("Delivered by other channels 3 / 4 (pending 1)").waitFor();
  await accessible(page, "then and now");
}));

test("rain is shown by the hour, and a counter's total is called one", async () => {
  for (const [locale, width] of [["en-GB", 1440], ["ko-KR", 320]]) {
    await over(async (page) => {
      await page.goto(`${OPERATOR}/station/station-1`);
      await page.locator(".bars .bar").first().waitFor();
      const values = await page.locator(".bars tbody tr").count();
      assert.ok(values >= 24 && values <= 25, `${values} hours`);
      await page.getByText(/Counter \(running total\)|계수기 \(누계\)/).waitFor();
      await page.getByText(/Last hour|지난 1시간/).first().waitFor();
      await accessible(page, `rain ${width}`);
      await fits(page, `rain ${width}`);
      await picture(page, `console-rain-${locale.slice(0, 2)}-${width}`, { fullPage: true });
    }, { locale, viewport: { width, height: 900 } });
  }
});

test("the past shows the incidents of its moment", () => over(async (page) => {
  await page.goto(`${OPERATOR}/`);
  await page.getByRole("heading", { name: "Incidents (20)" }).waitFor();
  const asked = page.waitForRequest((request) => request.url().includes("/alerts?page=1&at="));
  await page.getByRole("slider").fill("48");
  const at = new URL((await asked).url()).searchParams.get("at");
  assert.equal(at, "2026-07-08T00:00:00.000Z", "half a day back");
  await page.getByRole("heading", { name: /Incidents at .* \(3\)/ }).waitFor();
  await accessible(page, "the past");
  await picture(page, "console-past", { fullPage: true });
  // The whole console of that moment says what had been delivered by then, and what nobody knows any more.
  await page.goto(`${OPERATOR}/replay?at=2026-07-08T11:40:00Z`);
  const stood = page.getByRole("region", { name: "Incidents (2)" });
  await stood.getByText("Delivered by other channels 3 / 4 (pending 1)").waitFor();
  await stood.getByText("It is so old that not all of its deliveries are kept").waitFor();
  await stood.getByRole("button", { name: "Danger: river flooding 1" }).click();
  const story = page.locator("section[aria-labelledby=story]");
  await story.getByText("Delivered by other channels 1 / 4 (pending 3)").waitFor();
  assert.deepEqual(await story.locator("tbody td").allInnerTexts(), ["pending", "–", "–"], "no more is said than is known");
  await accessible(page, "what had been delivered");
  await page.goto(`${OPERATOR}/`);
  await page.getByRole("slider").fill("48");
  await page.getByRole("button", { name: "Back to now" }).click();
  await page.getByRole("heading", { name: "Incidents (20)" }).waitFor();
}));

test("what a parameter means is said in the officer's language", async () => {
  for (const [locale, said] of [["ko-KR", "물결 하나에 흔들리지 않을 만큼 길다"], ["en-GB", "long enough to see past one wave"]]) {
    await over(async (page) => {
      await page.goto(`${OPERATOR}/rules/high`);
      const meaning = page.getByText(said);
      await meaning.waitFor();
      assert.equal(await meaning.getAttribute("lang"), locale.slice(0, 2));
    }, { locale });
  }
});

test("an exercise is marked on every view", () => over(async (page) => {
  await facts(page, { status: "Exercise" });
  for (const path of ["/", "/inbox", "/incident/river_flood-gu0-0", "/station/station-1", "/system"]) {
    await page.goto(`${OPERATOR}${path}`);
    await page.locator("main h1").waitFor();
    await page.getByRole("region", { name: "Exercises" }).getByText("EXERCISE: nothing here is real").waitFor();
    await page.waitForFunction(() => document.title.includes("[Exercises]"));
    await accessible(page, `${path} of an exercise`);
  }
}));

test("before an all-clear it is said that the rule still finds the danger", () => over(async (page) => {
  await page.goto(`${OPERATOR}/incident/river_flood-gu1-1`);
  await page.getByRole("button", { name: "Send the all-clear" }).click();
  await page.locator("dialog").getByText("The rule lacks the data to say now whether the danger has passed.").waitFor();
  await accessible(page, "the question before an all-clear");
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.locator("dialog").waitFor({ state: "detached" });
}));

test("what one is about to click stays where it is", () => over(async (page) => {
  let turned = false;
  // Another hazard is proposed while the pointer is on the list: it goes to the top of the list, but not under the hand.
  await page.route("**/api/v1/alerts?page=1", async (route) => {
    const [time, first] = ["2026-07-08T12:00:00Z", (n, hazard) => ({
      incident: `${hazard}-${n}`, identifier: null, sent: null, status: "Actual", msg_type: null, hazard, area: `gu${n}`, level: "watch", state: "proposed",
      headline: { en: `${hazard} ${n}` }, instruction: {}, onset: "2026-07-08T11:00:00Z", expires: null, cap: null, audience: "public", decided: "watch", issued: null,
      evidence: [], proposal: { level: "watch", since: `2026-07-08T11:0${n}:00Z`, deadline: "2026-07-08T12:03:00Z", escalated: false },
      rule: hazard, station: null, group: `${hazard}-${n}`, updated: "2026-07-08T11:00:00Z", owner: null, acknowledged: null, silenced: null,
    })];
    await route.fulfill({ json: { time, current: true, alerts: [first(2, "structure"), ...(turned ? [first(3, "crowd")] : [])] } });
  });
  await page.goto(`${OPERATOR}/inbox`);
  const titles = page.locator(".inbox .title");
  await titles.filter({ hasText: "Structural damage" }).hover();
  turned = true;
  await titles.filter({ hasText: "Crowding" }).waitFor();
  assert.deepEqual(await titles.allTextContents(), ["Structural damage · District 2", "Crowding · District 3"]);
  await page.mouse.move(5, 5);
  await page.waitForFunction(() => document.querySelector(".inbox .title")?.textContent.startsWith("Crowding"));
}));
