// A made city for the console: as large as one wants, with hostile names, served in place of the API.
import assert from "node:assert/strict";
import { tab } from "./browser.mjs";
import { reference, rules } from "./made-rules.mjs";

const NOW = "2026-07-08T12:00:00Z";
const LEVELS = ["advisory", "watch", "warning", "emergency"];
export const HOSTILE = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>";
const KINDS = [["river_stage", "m"], ["rainfall_counter", "mm"], ["underpass_water_depth", "cm"], ["tilt", "deg"], ["charger_available", "{count}"], ["wifi_up", "1"], ["sewer_level", "m"]];

const before = (minutes) => new Date(Date.parse(NOW) - minutes * 60_000).toISOString();

const station = (n) => {
  const [kind, unit] = KINDS[n % KINDS.length];
  return {
    id: `station-${n}`, name: { ko: `관측소 ${n}`, en: n === 0 ? HOSTILE : `Station ${n}` },
    position: [37.45 + (n % 50) * 0.004, 126.9 + Math.floor(n / 50) * 0.005], area: `gu${n % 8}`, affects: [`gu${n % 8}`],
    upstream: n > 0 ? [`station-${n - 1}`] : [],
    datastreams: [{
      kind, unit, cadence_s: 600, nature: kind.startsWith("rainfall") ? "counter" : "level", tests: n % 29 === 5 ? { spike: 4, gross_range: 1 } : {}, levels: kind === "river_stage" ? { advisory: 5.5, watch: 6.2, warning: 6.5 } : {},
      time: n % 17 === 3 ? before(300) : before(2), value: 4.6 + (n % 23) * 0.1, flag: n % 29 === 5 ? 4 : 1,
    }],
  };
};

const areas = () => Array.from({ length: 8 }, (_, n) => {
  const [west, south] = [126.88 + (n % 4) * 0.06, 37.44 + Math.floor(n / 4) * 0.11];
  const ring = [[west, south], [west + 0.06, south], [west + 0.06, south + 0.11], [west, south + 0.11], [west, south]];
  return {
    type: "Feature", properties: { code: `gu${n}`, kind: "sigungu", parent: null, name: { ko: `${n}구`, en: n === 1 ? HOSTILE : `District ${n}` } },
    geometry: { type: "MultiPolygon", coordinates: [[ring]] },
  };
});

const alert = (n) => {
  const waits = n % 5 === 0;
  return {
    incident: `river_flood-gu${n % 8}-${n}`, identifier: waits ? null : `a.${n}`, sent: waits ? null : before(n), status: "Actual", msg_type: null,
    hazard: "river_flood", area: `gu${n % 8}`, level: LEVELS[n % 4], state: waits ? "proposed" : "issued",
    headline: { ko: `위험 ${n}`, en: n === 0 ? HOSTILE : `Danger: river flooding ${n}` }, instruction: { ko: "대피하세요.", en: HOSTILE },
    onset: before(60 + n), expires: null, cap: null, audience: "public", decided: LEVELS[n % 4], issued: waits ? null : LEVELS[n % 4],
    evidence: [
      { label: { ko: "수위", en: HOSTILE }, station: "station-0", value: 6.4, unit: "m", op: ">=", limit: 6.2, result: "true" },
      { label: { ko: "강우", en: "rain" }, station: null, value: null, unit: "mm", op: ">=", limit: 50, result: "unknown" },
      { label: { ko: "이웃", en: "neighbour" }, station: "station-1", value: 5, unit: "m", op: ">=", limit: 6, result: "false" },
    ],
    proposal: waits ? { level: LEVELS[n % 4], since: before(n % 60), deadline: new Date(Date.parse(NOW) + 180_000).toISOString(), escalated: n % 10 === 0 } : null,
    rule: "river_flood", station: "station-0", group: `g${n}`, updated: before(n % 200), owner: null, acknowledged: n % 3 === 0 ? { by: HOSTILE, at: before(5) } : null, silenced: null,
  };
};

const detail = (one) => ({
  ...one, proposal_hash: "abc", required: "two", approvals: [], population: 12345, type_population: true, areas: [one.area], channels: [],
  timeline: [{ time: before(30), cause: "rule", from: "none", level: "advisory", state: "issued", by: null, reason: null, message: { identifier: "a.1", sent: before(30), level: "advisory", msg_type: "Alert" } },
    { time: before(3), cause: HOSTILE, from: "advisory", level: "watch", state: "proposed", by: HOSTILE, reason: HOSTILE, message: null }],
  notes: [{ time: before(2), by: "kim", text: HOSTILE }],
  sending_class: "긴급재난문자",
  preview: { ko: { headline: "위험", instruction: "대피하세요.", text_90: HOSTILE, speech: HOSTILE }, en: { headline: HOSTILE, instruction: "Leave." } },
});

/** What a rule says now: the water has fallen, the rain gauge is silent, a neighbour lies. */
const explained = (rule, place) => ({
  time: NOW, rule, place, reached: "none", stands: "watch", undecided: true, failure: null,
  checks: alert(0).evidence.map((reason, n) => (n === 0 ? { ...reason, value: 5.1, result: "false" } : reason)),
  series: [
    { input: "stage", optional: false, station: "station-0", kind: "river_stage", unit: "m", state: "known", usable: { time: before(2), value: 5.1 }, newest: { time: before(2), value: 5.1, flag: 1, tests: { spike: 1 } } },
    { input: "rain", optional: false, station: "station-1", kind: "rainfall_counter", unit: "mm", state: "silent", usable: { time: before(300), value: 2 }, newest: { time: before(300), value: 2, flag: 1, tests: {} } },
    { input: "beside", optional: true, station: "station-7", kind: "river_stage", unit: "m", state: "doubted", usable: null, newest: { time: before(4), value: 18, flag: 4, tests: { spike: 4 } } },
    { input: "dam", optional: true, station: null, kind: "reservoir_outflow", unit: "m3/s", state: "no_station", usable: null, newest: null },
  ],
});

const observations = () => Array.from({ length: 140 }, (_, n) => ({
  time: before(1400 - n * 10), value: n === 40 ? 18 : 4 + 2.4 * Math.sin(n / 30), flag: n === 40 ? 4 : 1,
})).filter((_, n) => n < 60 || n > 75);

/** What roles may do, as a server has it. */
const LOOK = ["own", "look"];
const DUTY = [...LOOK, "handle", "silence", "exercise", "report"];
const ROLES = { roles: [
  { role: "viewer", may: LOOK, silences: "none" }, { role: "operator", may: DUTY, silences: "watch" }, { role: "approver", may: [...DUTY, "decide", "audit"], silences: "emergency" },
  { role: "rule_author", may: [...LOOK, "rules"], silences: "none" }, { role: "admin", may: [...DUTY, "decide", "rules", "audit", "people"], silences: "emergency" },
] };

/** Answers the API of a page from here. `calls` collects what was asked with POST. */
export async function serve(page, { stations = 140, incidents = 20, role = "admin" } = {}) {
  const calls = [];
  const all = Array.from({ length: stations }, (_, n) => station(n));
  const alerts = Array.from({ length: incidents }, (_, n) => alert(n));
  const silences = [{ id: 1, hazard: null, area: null, station: "station-0", rule: HOSTILE, covers: "watch", since: before(5), until: before(-60), by: HOSTILE, reason: HOSTILE }];
  let codes = false;
  await page.route("**/api/v1/**", async (route) => {
    const url = new URL(route.request().url());
    const path = decodeURIComponent(url.pathname.replace("/api/v1", ""));
    const json = (body) => route.fulfill({ json: body });
    const method = route.request().method();
    if (path.endsWith("/explain")) return json(explained(path.split("/")[2], url.searchParams.get("place")));
    if (path.startsWith("/rules") || path === "/reviews") {
      const body = method === "GET" || method === "DELETE" ? null : route.request().postDataJSON();
      if (method !== "GET" && !path.endsWith("/try") && !path.endsWith("/check")) calls.push([path, body, route.request().headers()["if-match"]]);
      const answer = rules(method, path, body, HOSTILE);
      if (answer) return json(answer);
    }
    if (method === "DELETE") {
      const at = silences.findIndex((one) => path === `/silences/${one.id}`);
      if (at >= 0) silences.splice(at, 1);
      calls.push([path, null, route.request().headers()["x-bongsu-csrf"]]);
      return json({});
    }
    if (method === "POST") {
      calls.push([path, route.request().postDataJSON(), route.request().headers()["x-bongsu-csrf"]]);
      const found = alerts.find((one) => path === `/alerts/${one.incident}/ack`);
      if (found) found.acknowledged = { by: "kim", at: NOW };
      const body = route.request().postDataJSON();
      if (path === "/silences") silences.push({ id: silences.length + 1, hazard: null, area: null, station: null, rule: null, since: NOW, by: "kim", ...body });
      if (path === "/silences/preview") return json({ incidents: alerts.filter((one) => one.area === body.area).map((one) => one.incident).slice(0, 2) });
      if (path === "/me/totp" && body.do === "begin") return json({ secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", uri: "otpauth://totp/Bongsu:kim?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Bongsu" });
      if (path === "/me/totp") codes = body.do === "confirm";
      if (path === "/devices" || path.endsWith("/rotate")) return json({ username: "gauge-1", password: "secret-once", certificate: null });
      if (path === "/users") return json({ one_time_link: "http://127.0.0.1/welcome/secret-once", expires: before(-4_320) });
      if (path === "/tokens") return json({ id: 2, label: body.label, token: "secret-once" });
      return json({ state: "issued", needs_second: true });
    }
    if (path === "/events") return route.abort();
    if (path === "/roles") return json(ROLES);
    if (path === "/me") return json({ user: "kim", role, csrf: "token", expires: NOW, totp: codes });
    if (path === "/alerts" && url.searchParams.has("at")) return json({ time: NOW, current: true, alerts: alerts.slice(0, 3), deliveries: { "a.1": { sent: 3, pending: 1 }, "a.2": null } });
    if (path === "/alerts") {
      const begins = 200 * (Number(url.searchParams.get("page") ?? 1) - 1);
      return json({ time: NOW, current: true, alerts: alerts.slice(begins, begins + 200) });
    }
    if (path.startsWith("/alerts/")) {
      const found = alerts.find((one) => one.incident === path.slice("/alerts/".length));
      return found ? json(detail(found)) : route.fulfill({ status: 404, json: { error: HOSTILE, remedy: HOSTILE } });
    }
    if (path === "/stations") {
      const id = url.searchParams.get("station");
      return json({ time: NOW, stations: id ? all.filter((one) => one.id === id) : all });
    }
    if (path === "/areas") return json({ type: "FeatureCollection", features: areas() });
    if (path === "/basemap") return json({ type: "FeatureCollection", credits: [HOSTILE], features: [{ type: "Feature", properties: { layer: "water" }, geometry: { type: "MultiPolygon", coordinates: [[[[126.8, 37.5], [127.2, 37.5], [127.2, 37.52], [126.8, 37.52], [126.8, 37.5]]]] } }] });
    if (path === "/observations") return json({ observations: observations(), next: null });
    if (path === "/reference") return json(reference(HOSTILE));
    if (path === "/audit") return json({ entries: [{ id: 1, time: NOW, who: HOSTILE, role: "admin", from_address: null, action: "login", subject: HOSTILE, detail: { a: HOSTILE }, hash: "x" }], next: null });
    if (path === "/exercises") return json({ exercises: [alert(0)] });
    if (path === "/users") return json({ users: ["kim", "lee"].map((username, n) => ({ username, role: n ? "viewer" : "admin", active: true, totp: false, created: NOW, disabled: n ? NOW : null })) });
    if (path === "/silences") return json({ silences });
    if (path === "/tokens") return json({ tokens: [{ id: 1, label: "grafana", role: "viewer", session: "x", created: NOW, made_by: HOSTILE, expires: NOW, revoked: null }] });
    if (path === "/deliveries" && url.searchParams.has("at")) return json({ counts: { sent: 1, pending: 3 }, deliveries: [{ id: 1, channel: "webhook", target: HOSTILE, transition: 1, identifier: "a.1", state: "pending", attempts: null, updated: null, detail: null }] });
    if (path === "/deliveries") return json({ counts: { sent: 3, pending: 1 }, deliveries: [{ id: 1, channel: "webhook", target: HOSTILE, transition: 1, identifier: "a.1", state: "sent", attempts: 1, updated: NOW, detail: HOSTILE }] });
    if (path === "/devices") return json({ devices: ["gauge-1", HOSTILE].map((username, n) => ({ username, stations: [`station-${n}`], created: NOW, revoked: n ? NOW : null })), speech: { "station-0": { behind_s: -42, duplicates: 3, refused: 1 }, "station-1": { behind_s: 0.4, duplicates: 0, refused: 0 } } });
    if (path === "/dead-letters") return json({ counts: { unit: 3, future: 1 }, next: null, dead_letters: [{ id: 1, received: NOW, source: "bongsu/v1/station-0/obs", station: "station-0", reason: "unknown_kind", remedy: HOSTILE, payload: HOSTILE }] });
    if (path === "/system") return json({ version: "0.1.0", status: "Actual", time: NOW, last_commit: NOW, current: true, troubles: [HOSTILE], store_bytes: 123_456_789, stations, datastreams: stations, incidents: { raised: 0, issued: 4 }, storm: null });
    if (path === "/undecided") return json({ time: NOW, undecided: [{ rule: "high", place: "station-0", since: NOW, failure: HOSTILE }, { rule: "low", place: "gu1", since: NOW, failure: null }] });
    if (path === "/reports") return json({ reports: [{ received: NOW, hazard: "river_flood", area: "gu0", what: "depth", value: "knee" }] });
    return route.fulfill({ status: 404, json: { error: "no such path", remedy: "" } });
  });
  return calls;
}

/** Opens the console over a made city, has something done there, and makes sure that nothing has complained. */
export async function over(does, { city, ...options } = {}) {
  const { context, page, complaints } = await tab(options);
  await does(page, await serve(page, city));
  assert.deepEqual(complaints, []);
  await context.close();
}
