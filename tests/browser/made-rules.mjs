// Made rules for the console, hostile names among them.

const NOW = Date.parse("2026-07-08T12:00:00Z");
const DAY = 86_400_000;
const at = (days) => new Date(NOW - days * DAY).toISOString();

const TEXT = `//! id = "high"
//! hazard = "river_flood"
//! [params]
//! limit = { default = 2.0, min = 0.5, max = 9.0, step = 0.1, unit = "m" }

// The water is high.
if check("a", stage.last(), ">=", limit) { raise("watch") }
`;

const listed = (id, hostile) => ({
  id, hazard: "river_flood", title: { ko: "하천 범람", en: hostile }, pack: "river_flood", file: `rules/${id}.rhai`, scope: "station", audience: "public",
  mode: "live", release: { advisory: "auto", watch: "propose" }, version: "a".repeat(64), author: hostile, since: at(40),
  inputs: [{ name: "stage", kind: "river_stage", optional: false }],
  params: [
    { name: "limit", default: 2, min: 0.5, max: 9, step: 0.1, unit: "m", why: { ko: hostile, en: hostile }, quick: true },
    { name: "trend", default: "1h", min: "30m", max: "6h", step: null, unit: "", why: { ko: "물결 하나에 흔들리지 않을 만큼 길다", en: "long enough to see past one wave" }, quick: false },
  ],
  overrides: [{ station: null, area: "gu0", set: { limit: 2.5, trend: "90m" }, author: hostile, reason: hostile }, { station: "station-0", area: null, set: { limit: 3 }, author: "kim", reason: "the new bank" }],
  waiting: 2,
});

const change = (hostile) => [{ what: "params.limit.default", before: "2.0", after: "2.5" }, { what: "body", before: null, after: hostile }];

const one = (id, hostile) => ({
  ...listed(id, hostile), overrides_version: "b".repeat(64), text: TEXT,
  versions: [{ hash: "a".repeat(64), author: hostile, time: at(40), changes: [] }, { hash: "c".repeat(64), author: "lee", time: at(60), changes: change(hostile) }],
  submissions: [
    { id: 3, author: "lee", time: at(1), reason: hostile, state: "waiting", by: null, decided: null, answer: null, outdated: false, text: TEXT, changes: change(hostile) },
    { id: 2, author: "kim", time: at(2), reason: "mine", state: "waiting", by: null, decided: null, answer: null, outdated: true, text: TEXT, changes: change(hostile) },
    { id: 1, author: "lee", time: at(3), reason: "no", state: "rejected", by: "kim", decided: at(2), answer: hostile, outdated: false, text: TEXT, changes: [] },
  ],
  words: [{ call: "input.mean(window)", meaning: "The mean." }, { call: "raise(\"level\")", meaning: "Reaches a level." }],
});

/** What it would have found: less with a higher limit, and one more place with a lower one. */
const tried = ({ params, truth }) => {
  const limit = params.limit ?? 2.5;
  const all = [["station-0", 25, 24, 2.6], ["station-0", 12, 11.99, 2.8], ["station-7", 20, 18, 4], ["station-14", 3, null, 5], ["station-21", 15, 14.5, 2.2]];
  const verdicts = ["false_alarm", "late", "caught", truth === "people" ? "unjudged" : "caught", "false_alarm"];
  const firings = all.map((one, n) => [...one, verdicts[n]]).filter(([, , , peak]) => peak >= limit)
    .map(([place, from, to, , verdict]) => ({ place, from: at(from), to: to === null ? null : at(to), verdict }));
  const count = (verdict) => firings.filter((one) => one.verdict === verdict).length;
  const misses = limit > 4.5 ? [{ place: "station-7", from: at(19), to: at(18) }] : [];
  const judged = { catches: count("caught"), false_alarms: count("false_alarm"), unjudged: count("unjudged"), lead_s: 2400, misses };
  return { rule: "high", area: null, level: "advisory", from: at(30), to: at(0), observations: 43_200, quick: !("trend" in params), prepared_ms: 900, took_ms: 12, firings, judged };
};

const CHART = "      a river_stage [m]\n     2.50 |                           *                                    |\n          |                                                                |\n     1.00 |*        *        *                                             |\n    level |....................................wwwwwwwwwwwwwwwwwwwwwwwwwwww|\n           0                                                             60m\n";
const cases = ({ text }, hostile) => ({
  file: "rules/cases.toml",
  cases: [{ name: hostile, kind: "true", passes: true, failures: [], chart: CHART }, text === undefined
    ? { name: "the tide", kind: "near_miss", passes: true, failures: [], chart: CHART }
    : { name: "the tide", kind: "near_miss", passes: false, failures: [`watch was raised at 30m ${hostile}`], chart: CHART }],
});

/** A sweep of as many settings as were asked for: at work when it is asked the first times, done after. */
let asked = 0;
let swept = {};
const ratio = (of, n) => ({ value: n === 0 ? null : of / n, low: 0, high: 1 });
const standing = () => {
  asked += 1;
  const names = Object.keys(swept);
  const sets = names.reduce((before, name) => before.flatMap((set) => swept[name].map((value) => ({ ...set, [name]: value }))), [{}]);
  const point = (set) => {
    const { judged, firings } = tried({ params: set });
    const [catches, misses] = [judged.catches, judged.misses.length];
    return { set, catches, misses, false_alarms: judged.false_alarms, pod: ratio(catches, catches + misses), far: ratio(judged.false_alarms, firings.length), lead_s: 2400, firings: firings.length, per_week: firings.length / 4 };
  };
  const state = asked < 3 ? ["reading", "playing"][asked - 1] : "done";
  return { state, part: asked < 3 ? 0.4 : 1, took_ms: 4_200, from: at(90), to: at(0), events: 3, observations: 129_600, points: state === "done" ? sets.map(point) : [], error: null, remedy: null };
};

const checked = ({ text }, hostile) => {
  const good = !text.includes("stag.");
  const found = { file: null, line: 7, column: 15, end_line: 7, end_column: 19, message: { en: `unknown name ${hostile}`, ko: "모르는 이름" }, remedy: { en: "did you mean `stage`?", ko: "`stage` 입니까?" } };
  return { good, diagnostics: good ? [] : [found], changes: change(hostile) };
};

/** The manual. */
export const reference = (hostile) => ({ chapters: [
  { title: ["언어의 낱말", "Words of the language"], entries: [{ call: "raise(\"level\")", meaning: hostile, facts: [] }] },
  { title: ["수준", "Levels"], entries: [{ call: "input.mean(window)", meaning: "The mean.", facts: [["단위 · Units", "those of the input"], ["출처 · Source", hostile], ["검산 · Check", "of 1, 2, 3: 2"]] }] },
] });

/** What waits: a change by somebody else, one's own that is too late, and a new rule. */
const reviews = (hostile) => one("high", hostile).submissions.filter(({ state }) => state === "waiting")
  .map(({ id, author, time, reason, outdated, text, changes }) => ({ id, rule: "high", title: listed("high", hostile).title, author, time, reason, outdated, for_you: id === 3, text, changes }))
  .concat({ id: 9, rule: "mine", title: {}, author: "lee", time: at(1), reason: hostile, outdated: false, for_you: true, text: `${TEXT}// ${hostile}`, changes: [] });

/** What the API answers about rules; undefined: the path is another's. */
export function rules(method, path, body, hostile) {
  if (method === "GET" && path === "/rules") return { rules: [{ ...listed("mid", "Middle"), mode: "propose", waiting: 0 }, { ...listed("low", "Low water"), mode: "shadow", waiting: 0, overrides: [] }, listed("high", hostile)], overrides_version: "b".repeat(64), new: [{ rule: "mine", id: 9, author: "lee", time: at(1), reason: hostile, text: `${TEXT}// ${hostile}` }] };
  if (path === "/reviews") return { reviews: reviews(hostile) };
  if (path.endsWith("/template")) return { text: TEXT, cases: "" };
  if (method === "POST" && path.endsWith("/sweeps")) {
    [asked, swept] = [0, body.params];
    return { sweep: 1 };
  }
  if (method === "GET" && path.includes("/sweeps/")) return standing();
  if (method === "GET" && path.startsWith("/rules/")) return one(path.slice("/rules/".length), hostile);
  if (path.endsWith("/try")) return tried(body);
  if (path.endsWith("/cases")) return cases(body, hostile);
  if (path.endsWith("/check")) return checked(body, hostile);
  if (path.startsWith("/rules/")) return { submission: 4, needs_second: true, version: "a".repeat(64), overrides_version: "b".repeat(64) };
  return undefined;
}
