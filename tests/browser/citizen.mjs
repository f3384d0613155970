// The citizens' pages of a running program, during a flood: in every width, light and dark, in every language, with and
// without scripts, on a slow line and on none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PUBLIC, accessible, fits, looks, picture, tab } from "./browser.mjs";

const PAGES = [["now", "/"], ["near", "/near"], ["guide", "/guide"], ["subscribe", "/subscribe"], ["report", "/report?area=south&hazard=river_flood"],
  ["history", "/history"], ["accessibility", "/accessibility"], ["portal", "/portal"], ["missing", "/alerts/none"],
  ["confirm", "/subscriptions/none/confirm"], ["unsubscribe", "/subscriptions/none/unsubscribe"]];

/** The weight of a first page with its style. */
const PAGE_BYTES = 30_000;

for (const [scheme, language, width] of [...looks(["ko", "en"]), ["light", "zh", 320], ["dark", "ja", 1440]]) {
  test(`citizens' pages, ${scheme}, ${language}, ${width} px`, async () => {
    const { context, page, complaints } = await tab({ colorScheme: scheme, locale: language, viewport: { width, height: 800 } });
    for (const [name, path] of PAGES) {
      await page.goto(`${PUBLIC}${path}`);
      assert.equal(await page.locator("html").getAttribute("lang"), language, `${name}: the browser's language`);
      await accessible(page, `${name} ${scheme} ${language} ${width}`);
      await fits(page, `${name} ${language} ${width}`);
      assert.equal(await page.locator("main img, main script").count(), 0, `${name}: a name has become markup`);
      await picture(page, `citizen-${name}-${scheme}-${language}-${width}`, { fullPage: true });
    }
    for (const [name, path] of [...PAGES].reverse()) {
      await page.goto(`${PUBLIC}${path}${path.includes("?") ? "&" : "?"}text=large`);
      await fits(page, `large text, ${name} ${language} ${width}`);
    }
    await page.locator("article h3 a").first().click();
    await page.locator("h1").waitFor();
    assert.ok(page.url().includes("/alerts/") && page.url().includes("text=large"), page.url());
    await accessible(page, `alert ${scheme} ${language} ${width}`);
    await fits(page, `alert ${language} ${width}`);
    // Whoever hears the evidence hears a table, however the style lays it out.
    const line = await context.newCDPSession(page);
    const { nodes } = await line.send("Accessibility.getFullAXTree");
    const heard = (role) => nodes.filter((node) => !node.ignored && node.role?.value === role).length;
    assert.ok(heard("columnheader") === 3 && heard("rowheader") > 0 && heard("cell") === 2 * heard("rowheader"), `${heard("columnheader")} heads, ${heard("rowheader")} rows, ${heard("cell")} cells`);
    await picture(page, `citizen-alert-${scheme}-${language}-${width}`, { fullPage: true });
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

test("everything is there without scripts", async () => {
  const { context, page } = await tab({ javaScriptEnabled: false });
  await page.goto(`${PUBLIC}/`);
  await page.locator("article.card").first().waitFor();
  await page.locator("article h3 a").first().click();
  await page.getByText("What to do", { exact: true }).first().waitFor();
  await page.getByText("Since", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Near me" }).click();
  await page.getByText(/banks to borrow 5/).waitFor();
  assert.equal(await page.locator("#nearest").isVisible(), false, "a button that does nothing is not shown");
  await page.getByRole("link", { name: "What to do" }).click();
  await page.getByText("119").first().waitFor();
  await page.getByRole("link", { name: "History and feeds" }).click();
  await page.locator("ol.list li").first().waitFor();
  await page.getByRole("link", { name: "한국어" }).click();
  await page.getByRole("heading", { name: "지난 알림과 자료" }).waitFor();
  await context.close();
});

test("a first page on a slow line", async () => {
  const { context, page } = await tab();
  const line = await context.newCDPSession(page);
  await line.send("Network.enable");
  // What browsers call regular 3G.
  await line.send("Network.emulateNetworkConditions", { offline: false, latency: 100, downloadThroughput: 750_000 / 8, uploadThroughput: 250_000 / 8 });
  const begun = performance.now();
  const answer = await page.goto(`${PUBLIC}/`, { waitUntil: "load" });
  const took = performance.now() - begun;
  const bytes = (await answer.body()).length;
  console.log(`the first page: ${bytes} bytes, ${took.toFixed(0)} ms on a line of 750 kbit/s with 100 ms`);
  assert.ok(bytes <= PAGE_BYTES, `${bytes} bytes`);
  assert.equal(await page.evaluate(() => performance.getEntriesByType("resource").length), 0, "the first page is one request");
  await context.close();
});

test("the nearest is found without telling anybody where", async () => {
  const { context, page, complaints } = await tab({ geolocation: { latitude: 37.5312, longitude: 127.0634 }, permissions: ["geolocation"] });
  const asked = [];
  page.on("request", (request) => asked.push(request.url() + (request.postData() ?? "")));
  await page.goto(`${PUBLIC}/near`);
  await page.getByRole("button", { name: "Show the nearest first" }).click();
  await page.locator("#sorted li").first().waitFor();
  const first = await page.locator("#sorted li").first().textContent();
  assert.match(first, /^1\. Kiosk by the upper gauge.*banks to borrow 5.* \d+ m$/);
  assert.equal(await page.locator("#sorted > *").first().evaluate((element) => element.tagName), "OL", "the list comes before the map");
  assert.deepEqual(asked.filter((url) => url.includes("37.53") || url.includes("127.06")), []);
  await accessible(page, "near, sorted");
  await picture(page, "citizen-near-sorted", { fullPage: true });
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a report works without scripts, and says what is missing", async () => {
  const { context, page } = await tab({ javaScriptEnabled: false });
  await page.goto(`${PUBLIC}/report?lang=en`);
  await page.getByText("This is no call for help").waitFor();
  await page.getByLabel("Where is it?").selectOption("north");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("Choose one of the pictures.").first().waitFor();
  assert.equal(await page.getByLabel("Where is it?").inputValue(), "north", "what was chosen is still chosen");
  await picture(page, "citizen-report-wrong", { fullPage: true });
  await page.getByLabel("Waist").check();
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("Thank you").first().waitFor();
  await context.close();
});

test("hostile fields end as text", async () => {
  const { context, page, complaints } = await tab();
  const hostile = "\"><img src=x onerror=alert(1)><script>alert(2)</script>";
  for (const [path, fields] of [["subscriptions", { channel: "email", address: hostile, areas: hostile, level: hostile, hazards: hostile, lang: hostile, text: hostile }],
    ["subscriptions", { channel: hostile, address: hostile, lang: "en" }],
    ["reports", { sight: hostile, area: hostile, hazard: hostile, device: hostile, lang: "en" }],
    ["reports", { sight: "depth.knee", area: "north", hazard: hostile, device: hostile.repeat(2), lang: "en" }]]) {
    await page.goto(`${PUBLIC}/accessibility`);
    // A form that no page of ours has, sent as a browser sends it.
    const sent = page.waitForNavigation();
    await page.evaluate(([action, fields]) => {
      const form = Object.assign(document.createElement("form"), { method: "post", action });
      for (const [name, value] of Object.entries(fields)) form.append(Object.assign(document.createElement("input"), { name, value }));
      document.body.append(form);
      form.submit();
    }, [`/api/v1/${path}`, fields]);
    const answer = await sent;
    assert.equal(answer.status(), 400, `${path} ${JSON.stringify(fields)}`);
    await page.getByRole("alert").waitFor();
    assert.equal(await page.locator("main img, main script").count(), 0, "what was typed has become markup");
    await accessible(page, `a refused form of ${path}`);
  }
  for (const query of [`?area=${encodeURIComponent(hostile)}`, `?lang=${encodeURIComponent(hostile)}&text=${encodeURIComponent(hostile)}`]) {
    for (const path of ["/", "/near", "/report", "/subscribe", "/history"]) {
      await page.goto(`${PUBLIC}${path}${query}`);
      assert.equal(await page.locator("main img, main script").count(), 0, `${path}${query}`);
    }
  }
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a browser is told by web push, and stops when it likes", async () => {
  const { context, page, complaints } = await tab({ permissions: ["notifications"] });
  // The makers' push services are not asked by tests: what the browser would answer is made here, with its keys.
  await page.addInitScript(() => {
    const made = { endpoint: "http://127.0.0.1:9/push/one", keys: {
      p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", auth: "BTBZMqHH6r4Tts7J_aSIgg" } };
    Object.defineProperty(PushManager.prototype, "subscribe", { value: async (asked) => { window.asked = asked; return { toJSON: () => made }; } });
    Object.defineProperty(PushManager.prototype, "getSubscription", { value: async () => ({ unsubscribe: async () => true }) });
  });
  await page.goto(`${PUBLIC}/subscribe?lang=en`);
  await page.getByLabel("North bank").check();
  await page.getByRole("button", { name: "Show alerts on this device" }).click();
  await page.getByText("This device will show alerts.").waitFor();
  assert.equal(await page.evaluate(() => window.asked.applicationServerKey.length), 65, "the city's key is a point");
  await page.reload();
  await page.getByText("This device will show alerts.").waitFor();
  await accessible(page, "a device that is told");
  // What is pushed is shown, by the worker alone.
  const line = await context.newCDPSession(page);
  await line.send("ServiceWorker.enable");
  const found = new Promise((done) => line.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => registrations.forEach((one) => done(one.registrationId))));
  await line.send("ServiceWorker.disable");
  await line.send("ServiceWorker.enable");
  const data = JSON.stringify({ title: "Great danger", body: "Go to high ground.", incident: "one", level: "warning", lang: "en", url: `${PUBLIC}/alerts/one` });
  await line.send("ServiceWorker.deliverPushMessage", { origin: PUBLIC, registrationId: await found, data });
  await page.waitForFunction(async () => (await (await navigator.serviceWorker.ready).getNotifications()).some((one) => one.title === "Great danger" && one.tag === "one"));
  await page.getByRole("button", { name: "Stop on this device" }).click();
  await page.getByText("This device shows no alerts any more.").waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("who does not tell where is told so", async () => {
  const { context, page } = await tab({ permissions: [] });
  await page.goto(`${PUBLIC}/near`);
  await page.getByRole("button", { name: "Show the nearest first" }).click();
  await page.getByText("Your position is not known").waitFor();
  await context.close();
});

test("what to do is there when the network is not, and an old situation is not", async () => {
  const { context, page } = await tab();
  await page.goto(`${PUBLIC}/guide?lang=en`);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForFunction(async () => {
    const cache = await caches.open((await caches.keys())[0] ?? "none");
    return (await cache.keys()).length > 0;
  });
  await context.setOffline(true);
  await page.goto(`${PUBLIC}/guide?lang=en`);
  await page.getByRole("heading", { name: "What to do" }).waitFor();
  await page.goto(`${PUBLIC}/?lang=en`);
  await page.getByRole("heading", { name: "What to do" }).waitFor();
  assert.equal(await page.getByText("Alerts now").count(), 0, "nobody knows what is going on now");
  await context.close();
});
