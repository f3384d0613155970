// The console's map where the catalog says little: it shows where the stations are, whatever comes first.
import assert from "node:assert/strict";
import { test } from "node:test";
import { OPERATOR } from "./browser.mjs";
import { over } from "./made.mjs";

const AREA = { type: "Feature", properties: { code: "gu0", kind: "sigungu", parent: null, name: { en: "District" } }, geometry: null };

test("districts without polygons leave the map where the stations are", () => over(async (page) => {
  await page.route("**/api/v1/areas*", (route) => route.fulfill({ json: { type: "FeatureCollection", features: [AREA] } }));
  // The districts are there before the stations.
  await page.route("**/api/v1/stations*", async (route) => { await new Promise((late) => setTimeout(late, 700)); await route.fallback(); });
  await page.goto(`${OPERATOR}/`);
  const map = page.locator(".leaflet-container");
  await page.getByText("Stations (1)").waitFor();
  const box = await map.boundingBox();
  await page.mouse.move(box.x + box.width / 2 - 3, box.y + box.height / 2);
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.locator(".leaflet-tooltip").waitFor();
}, { city: { stations: 1, incidents: 0 } }));
