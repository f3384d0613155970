// A day that is over, through the whole console, over the city's own rivers and roads: what stood at a moment is shown, it
// runs and stops, and nothing in it can be decided.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { asked, enter, invited } from "./bench.mjs";
import { OPERATOR, PUBLIC, accessible, close, fits, picture, tab } from "./browser.mjs";
import { confirmed } from "./letters.mjs";

after(close);

test("what stood then is shown over the city's own map, and nothing of it can be decided", { timeout: 300_000 }, async () => {
  const step = (what) => console.log(what);
  const { page, complaints, context } = await enter(process.env.BONGSU_WELCOME, "kim");
  const incidents = await page.evaluate(async () => (await (await fetch("/api/v1/alerts")).json()).alerts);
  assert.ok(incidents.length > 0, "the river has risen");
  const base = page.locator(".map.based");
  await base.waitFor();
  assert.equal(await base.getAttribute("data-base"), "water building road");
  await page.getByText("© the city of the test").waitFor();
  // The river is really drawn: blue, where nothing else is.
  const blue = () => page.evaluate(() => {
    const canvas = document.querySelector(".leaflet-base-pane canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200 && data[at + 2] > data[at] + 20) found += 1;
    return found;
  });
  const drawn = await blue();
  assert.ok(drawn > 100, `${drawn} blue points`);
  await accessible(page, "the situation over a base map");
  await picture(page, "replay-0-basemap", { fullPage: true });
  step(`the map lies over the city's own river and roads (${drawn} points of water)`);

  // A citizen hears by e-mail of what is issued from here on.
  const citizen = await tab({ javaScriptEnabled: false });
  await citizen.page.goto(`${PUBLIC}/subscribe?lang=en`);
  await citizen.page.getByLabel("E-mail address").fill("citizen@example.city");
  await citizen.page.getByRole("button", { name: "Get alerts" }).click();
  await confirmed(citizen.page);
  await citizen.context.close();
  const lee = await invited({ page }, "lee", "approver");
  const approved = incidents.find((one) => one.proposal && one.station === "bridge").incident;
  for (const person of [page, lee.page]) {
    await person.goto(`${OPERATOR}/incident/${encodeURIComponent(approved)}`);
    await person.getByRole("button", { name: "Approve and issue" }).click();
    await person.locator("dialog button.main").click();
    await asked(person);
  }
  await lee.context.close();
  await page.getByText("Delivered by other channels 1 / 1").waitFor();
  const { identifier, sent } = await page.evaluate(async (id) => (await (await fetch(`/api/v1/alerts/${encodeURIComponent(id)}`)).json()).timeline.at(-1).message, approved);
  step("what was approved was delivered");

  await page.getByRole("link", { name: "Replay" }).click();
  await page.getByText("Replay of").waitFor();
  // The city's time goes on in steps: the first after it was delivered.
  const now = await page.evaluate(async (identifier) => {
    const asked = async (path) => (await fetch(`/api/v1/${path}`)).json();
    const { deliveries } = await asked(`deliveries?identifier=${encodeURIComponent(identifier)}`);
    for (;;) {
      const time = Date.parse((await asked("alerts")).time);
      if (time > Date.parse(deliveries[0].updated)) return time;
      await new Promise((again) => setTimeout(again, 200));
    }
  }, identifier);
  await page.goto(`${OPERATOR}/replay?at=${new Date(now - 3 * 3_600_000).toISOString()}`);
  await page.getByText("No incident was open then.").waitFor();
  await page.getByText("Nothing waited for a decision then.").waitFor();
  await accessible(page, "a past day before anything happened");
  await page.goto(`${OPERATOR}/replay?at=${new Date(now).toISOString()}`);
  const list = page.getByRole("region", { name: /^(Incidents|Inbox)/ });
  await list.getByRole("button").first().waitFor();
  await page.locator(".map.based").waitFor();
  step("before the river rose nothing stood; afterwards it does");
  // How much had been delivered: all of it now, and nothing yet when it was said.
  await list.getByText("Delivered by other channels 1 / 1").waitFor();
  await page.goto(`${OPERATOR}/replay?at=${sent}`);
  const owed = list.getByRole("listitem").filter({ hasText: "Delivered by other channels 0 / 1 (pending 1)" });
  await owed.getByRole("button").click();
  const story = page.locator("section[aria-labelledby=story]");
  await story.getByText("Delivered by other channels 0 / 1 (pending 1)").waitFor();
  await story.getByRole("button", { name: "Close" }).click();
  await page.goto(`${OPERATOR}/replay?at=${new Date(now).toISOString()}`);
  step("what had been delivered is that of the moment");

  await list.getByRole("button").first().click();
  await story.getByRole("heading", { name: "Timeline" }).waitFor();
  await story.locator("ol li").first().waitFor();
  // The incident and the water at its gauge are seen together, where they are looked for, and a link leads there.
  const water = page.locator("section[aria-labelledby=then-station]");
  await water.locator("svg.hydrograph").waitFor();
  assert.ok(await story.isVisible() && /incident=.*station=/.test(page.url()), page.url());
  const { y } = await story.boundingBox();
  assert.ok(y < 900, `it opens at ${y}`);
  await page.reload();
  await story.getByRole("heading", { name: "Timeline" }).waitFor();
  await page.getByRole("button", { name: "Bridge", exact: true }).click();
  await water.locator("svg.hydrograph").waitFor();
  await accessible(page, "a past day with a station");
  for (const [width, scheme] of [[1440, "light"], [320, "dark"]]) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: scheme });
    await fits(page, `a past day at ${width}`);
    await accessible(page, `a past day at ${width}, ${scheme}`);
    await picture(page, `replay-1-${width}`, { fullPage: true });
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  const words = await page.locator("main button").allTextContents();
  for (const deciding of ["Approve", "Reject", "Acknowledge", "Take it", "Send the all-clear", "Cancel as false alarm"]) {
    assert.ok(!words.some((word) => word.includes(deciding)), `${deciding} in a day that is over`);
  }
  const changing = [];
  page.on("request", (request) => { if (request.method() !== "GET") changing.push(request.url()); });
  await page.goto(`${OPERATOR}/replay?at=${new Date(now - 2 * 3_600_000).toISOString()}`);
  const at = () => page.evaluate(() => Date.parse(new URLSearchParams(location.search).get("at")));
  const began = await at();
  await page.getByRole("button", { name: "Play", exact: true }).click();
  await page.waitForFunction((began) => Date.parse(new URLSearchParams(location.search).get("at")) >= began + 30 * 60_000, began);
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  // The address follows what is shown a moment later.
  await page.getByRole("button", { name: "Play", exact: true }).waitFor();
  await page.waitForTimeout(500);
  const stopped = await at();
  await page.waitForTimeout(1_500);
  assert.equal(await at(), stopped, "it has stopped");
  await page.getByRole("button", { name: "One hour earlier" }).click();
  await page.waitForFunction((wanted) => Date.parse(new URLSearchParams(location.search).get("at")) === wanted, stopped - 3_600_000);
  const yesterday = new Date(now - 86_400_000).toISOString().slice(0, 10);
  await page.getByLabel("Day").fill(yesterday);
  await page.locator(".band.past strong", { hasText: yesterday }).waitFor();
  assert.deepEqual(changing, [], "who looks back changes nothing");
  await page.getByRole("link", { name: "Back to live" }).click();
  await page.getByRole("heading", { name: "Situation" }).waitFor();
  step(`the day runs, stops, is chosen, and is left again`);
  assert.deepEqual(complaints, []);
  await context.close();
});
