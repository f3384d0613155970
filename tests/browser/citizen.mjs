// The citizens' pages of a running program, during a flood: in every width, light and dark, in every language, with and
// without scripts, on a slow line and on none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PUBLIC, accessible, fits, picture, tab } from "./browser.mjs";

const PAGES = [["now", "/"], ["near", "/near"], ["guide", "/guide"], ["history", "/history"], ["accessibility", "/accessibility"], ["portal", "/portal"], ["missing", "/alerts/none"]];

/** The weight of a first page with its style. */
const PAGE_BYTES = 30_000;

for (const [scheme, language, width] of [["light", "ko", 1440], ["dark", "en", 1440], ["light", "en", 320], ["dark", "ko", 320]]) {
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
    await page.goto(`${PUBLIC}/?text=large`);
    await fits(page, `large text ${language} ${width}`);
    await page.locator("article a").first().click();
    await page.locator("h1").waitFor();
    assert.ok(page.url().includes("/alerts/") && page.url().includes("text=large"), page.url());
    await accessible(page, `alert ${scheme} ${language} ${width}`);
    await fits(page, `alert ${language} ${width}`);
    await picture(page, `citizen-alert-${scheme}-${language}-${width}`, { fullPage: true });
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

test("everything is there without scripts", async () => {
  const { context, page } = await tab({ javaScriptEnabled: false });
  await page.goto(`${PUBLIC}/`);
  await page.locator("article.card").first().waitFor();
  await page.locator("article a").first().click();
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
