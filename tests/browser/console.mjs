// The console with a made city in place of the API: every view, wide and narrow, light and dark, in both languages;
// hostile names; keys; and a large city.
import assert from "node:assert/strict";
import { test } from "node:test";
import { OPERATOR, accessible, facts, fits, looks, picture } from "./browser.mjs";
import { over } from "./made.mjs";

const VIEWS = [["situation", "/"], ["inbox", "/inbox"], ["incident", "/incident/river_flood-gu0-0"], ["station", "/station/station-0"],
  ["silences", "/silences?hazard=river_flood&area=gu0"], ["account", "/account"], ["exercises", "/exercises"], ["people", "/people"], ["rules", "/rules"], ["workbench", "/rules/high"], ["review", "/review/high"], ["review-new", "/review/mine"], ["new-rule", "/new-rule"], ["reference", "/reference"], ["replay", "/replay?at=2026-07-08T11:00:00Z"], ["system", "/system"], ["devices", "/devices"], ["deliveries", "/deliveries"], ["audit", "/audit"], ["wall", "/wall"], ["missing", "/incident/none"]];

const settled = async (page) => {
  await page.locator("main h1").first().waitFor();
  await page.waitForLoadState("networkidle");
};

for (const [scheme, locale, width] of looks(["ko-KR", "en-GB"])) {
  test(`console, ${scheme}, ${locale}, ${width} px`, () => over(async (page) => {
    for (const [name, path] of VIEWS) {
      await page.goto(`${OPERATOR}${path}`);
      await settled(page);
      await accessible(page, `${name} ${scheme} ${locale} ${width}`);
      await fits(page, `${name} ${locale} ${width}`);
      assert.equal(await page.locator("html").getAttribute("lang"), locale.slice(0, 2));
      assert.equal(await page.locator("main img, main script").count(), 0, `${name}: a name has become markup`);
      await picture(page, `console-${name}-${scheme}-${locale.slice(0, 2)}-${width}`, { fullPage: true });
    }
  }, { colorScheme: scheme, locale, viewport: { width, height: 900 } }));
}

test("the header is one line on a desk, and on narrower screens nothing of it is torn or left out", async () => {
  for (const locale of ["ko-KR", "en-GB"]) {
    await over(async (page) => {
      await facts(page, { sender: locale === "ko-KR" ? "서울특별시 재난안전대책본부" : "Haneul City Disaster Safety HQ" });
      for (const width of [1920, 1440, 1024, 320]) {
        await page.setViewportSize({ width, height: 900 });
        await page.goto(`${OPERATOR}/inbox`);
        await page.locator("header .count", { hasText: "14" }).waitFor();
        const places = await page.locator("header nav a").evaluateAll((links) => links.map((link) => link.getBoundingClientRect()).map(({ left, right, top }) => ({ left, right, top })));
        assert.equal(places.length, 11, "every page that an administrator may see");
        assert.ok(places.every(({ left, right }) => left >= 0 && right <= width), `${locale} ${width}: ${JSON.stringify(places)}`);
        if (width >= 1440) {
          assert.equal(new Set(places.map(({ top }) => top)).size, 1, `${locale} ${width}: the pages stand in one line`);
          const middles = await page.locator("header > *").evaluateAll((parts) => parts.map((part) => part.getBoundingClientRect()).map(({ top, bottom }) => Math.round((top + bottom) / 2)));
          assert.ok(Math.max(...middles) - Math.min(...middles) <= 2, `${locale} ${width}: the city's name, the pages and the officer stand in one line: ${middles}`);
        }
        await fits(page, `the header ${locale} ${width}`);
        await accessible(page, `the header ${locale} ${width}`);
        await picture(page, `console-header-${locale.slice(0, 2)}-${width}`);
      }
    }, { city: { incidents: 60 }, locale });
  }
});

test("on a telephone a table is read without scrolling sideways, and is still a table to those who hear it", () => over(async (page) => {
  const line = await page.context().newCDPSession(page);
  const heard = async () => {
    const { nodes } = await line.send("Accessibility.getFullAXTree");
    const roles = nodes.filter(({ ignored }) => !ignored).map(({ role }) => role?.value);
    return Object.fromEntries(["table", "row", "columnheader", "rowheader", "cell"].map((role) => [role, roles.filter((one) => one === role).length]));
  };
  for (const [path, label, columns] of [["/", "Stations", 6], ["/devices", "Devices", 8], ["/devices", "Dead letters", 5], ["/deliveries", "Deliveries", 6], ["/audit", "Audit", 5],
    ["/people", "People", 4], ["/people", "Machine tokens", 5], ["/rules", "Rules", 6], ["/system", "Where rules cannot decide", 4], ["/incident/river_flood-gu0-0", "Deliveries", 4],
    ["/replay?at=2026-07-08T11:00:00Z", "Stations", 6]]) {
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(`${OPERATOR}${path}`);
    const table = page.getByRole("group", { name: label, exact: true });
    await table.locator("tbody tr").first().waitFor();
    await settled(page);
    assert.equal(await table.locator("thead th").count(), columns, `${path} ${label}`);
    const wide = await heard();
    await page.setViewportSize({ width: 320, height: 900 });
    assert.deepEqual(await heard(), wide, `${path}: what is heard of its tables`);
    assert.ok(wide.columnheader >= columns && wide.cell > 0, JSON.stringify(wide));
    const [has, shown] = await table.evaluate((box) => [box.scrollWidth, box.clientWidth]);
    assert.ok(has <= shown, `${path} ${label}: ${has} px in ${shown}`);
    const heads = await table.locator("thead th").allTextContents();
    const before = await table.locator("tbody tr").first().locator("td").evaluateAll((cells) => cells.map((cell) => getComputedStyle(cell, "::before").content));
    heads.slice(1).forEach((head, at) => assert.ok(before[at].includes(head), `${path} ${label}: ${head} stands before its value, not ${before[at]}`));
  }
}));

test("a proposal is acknowledged and approved with keys alone", () => over(async (page, calls) => {
  await page.goto(`${OPERATOR}/inbox`);
  await page.locator(".inbox li.card").first().waitFor();
  const tabTo = async (wanted) => {
    for (let n = 0; n < 60; n += 1) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((selector) => document.activeElement?.matches(selector), wanted)) return;
    }
    assert.fail(`${wanted} is not reached with Tab`);
  };
  await tabTo(".inbox a");
  // Down to the first that nobody has acknowledged, then A.
  const waits = await page.locator(".inbox li.card").evaluateAll((items) => items.findIndex((item) => item.querySelector(".buttons")?.childElementCount === 2 && item.querySelector(".buttons button:first-child")));
  for (let n = 0; n < waits; n += 1) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("a");
  await assert.doesNotReject(async () => { while (!calls.some(([path]) => path.endsWith("/ack"))) await page.waitForTimeout(50); });
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Approve and issue" }).waitFor();
  await tabTo(".decisions button.main");
  await page.keyboard.press("Enter");
  await page.locator("dialog").waitFor();
  await accessible(page, "the question before an approval");
  await tabTo("dialog input");
  await page.keyboard.type("12345");
  await page.keyboard.press("Enter");
  await page.locator("dialog").waitFor({ state: "detached" });
  const approval = calls.find(([path]) => path.endsWith("/approve"));
  assert.deepEqual(approval?.[1], { hash: "abc", population: 12345 });
  assert.equal(approval?.[2], "token", "what changes something carries the token");
}));

test("keys typed outside of the list decide nothing", () => over(async (page, calls) => {
  await page.goto(`${OPERATOR}/inbox`);
  await page.locator(".inbox li.card").first().waitFor();
  await page.locator("body").press("a");
  assert.deepEqual(calls, []);
}));

test("a silence shows first what it would keep quiet", () => over(async (page, calls) => {
  await page.goto(`${OPERATOR}/silences?hazard=river_flood&area=gu0`);
  await page.getByRole("heading", { name: "New silence" }).waitFor();
  assert.equal(await page.getByLabel("Hazard").inputValue(), "river_flood");
  await page.getByLabel("Reason").fill("known since noon");
  await page.getByRole("button", { name: "See what it would keep quiet" }).click();
  await page.getByText("Open incidents it would keep quiet now: 2").waitFor();
  await accessible(page, "a silence that is looked at first");
  await page.getByRole("button", { name: "Silence", exact: true }).click();
  await page.getByText("known since noon").waitFor();
  await page.getByRole("button", { name: "End the silence: known since noon" }).click();
  await page.getByText("known since noon").waitFor({ state: "detached" });
  const made = calls.find(([path]) => path === "/silences")?.[1];
  assert.equal(made.hazard, "river_flood");
  assert.equal(made.station, undefined, "what is not named is any");
}));

test("one-time codes are set up with a picture, and a token is shown once", () => over(async (page, calls) => {
  await page.goto(`${OPERATOR}/account`);
  await page.getByRole("button", { name: "Set up" }).click();
  await page.getByRole("img", { name: "Scan this picture" }).waitFor();
  await page.getByText("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").waitFor();
  await accessible(page, "one-time codes");
  await picture(page, "console-codes", { fullPage: true });
  await page.getByLabel("The code the app shows").fill("123 456");
  await page.getByLabel("Password", { exact: true }).fill("correct horse battery");
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByText("In use.").waitFor();
  assert.deepEqual(calls.find(([path, body]) => path === "/me/totp" && body.do === "confirm")?.[1],
    { do: "confirm", password: "correct horse battery", code: "123456", secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" });
  await page.goto(`${OPERATOR}/people`);
  await page.getByLabel("What it is for").fill("wall-screen");
  await page.getByRole("button", { name: "Make a token" }).click();
  await page.getByText("secret-once").waitFor();
  await accessible(page, "a token");
  await page.reload();
  await page.getByRole("button", { name: "Revoke: grafana" }).waitFor();
  assert.equal(await page.getByText("secret-once").count(), 0);
}));

test("who chooses a role reads what it may do, and a link is copied and gone with the page", async () => {
  for (const [scheme, locale, width] of [["light", "en-GB", 1440], ["dark", "ko-KR", 320]]) {
    await over(async (page, calls) => {
      await page.goto(`${OPERATOR}/people`);
      const korean = locale.startsWith("ko");
      const form = page.locator("form").first();
      await form.getByLabel(korean ? "역할" : "Role").selectOption("approver");
      const told = page.locator("main > .means");
      await told.getByText(korean ? "할 수 없는 일: 규칙을 바꾸고, 다른 사람이 바꾼 규칙을 승인" : "May not: change rules and approve other people's changes of rules, manage people").waitFor();
      await form.getByLabel(korean ? "역할" : "Role").selectOption("operator");
      await told.getByText(korean ? "알림 멈춤 (주의까지)" : "silence alerts (up to Watch)").waitFor();
      await page.locator("details:has(.means) summary").press("Enter");
      assert.equal(await page.locator("details .means dt").count(), 5);
      await accessible(page, `roles ${locale}`);
      await fits(page, `roles ${locale}`);
      await form.getByLabel(korean ? "계정 이름" : "User name").fill("park");
      await form.getByRole("button").press("Enter");
      await page.getByText("secret-once").waitFor();
      await page.getByText(korean ? /이때까지 쓸 수 있습니다: 7월 11일/ : /It works until 11 Jul/).waitFor();
      await page.getByRole("button", { name: korean ? "복사" : "Copy" }).press("Enter");
      await page.getByText(korean ? "복사했습니다." : "Copied.").waitFor();
      await accessible(page, `an invitation ${locale}`);
      await fits(page, `an invitation ${locale}`);
      await picture(page, `console-invited-${scheme}-${locale.slice(0, 2)}-${width}`, { fullPage: true });
      await page.getByRole("link", { name: korean ? "규칙" : "Rules", exact: true }).click();
      await page.getByRole("link", { name: korean ? "사람" : "People", exact: true }).click();
      await form.getByRole("button").waitFor();
      assert.equal(await page.getByText("secret-once").count(), 0, "the page was left");
      // Another role is asked about first, and costs nothing when it is not meant.
      const own = page.getByLabel(korean ? "역할: kim" : "Role: kim");
      await own.selectOption("viewer");
      await page.locator("dialog").getByText(korean ? "바로 로그아웃되고" : "logs this person out at once").waitFor();
      await accessible(page, `the question before another role ${locale}`);
      await picture(page, `console-role-${scheme}-${locale.slice(0, 2)}-${width}`);
      await page.locator("dialog").getByRole("button", { name: korean ? "그만두기" : "Cancel" }).click();
      assert.equal(await own.inputValue(), "admin", "it is as it was");
      assert.deepEqual(calls.map(([path]) => path), ["/users"]);
    }, { colorScheme: scheme, locale, viewport: { width, height: 900 } });
  }
});

test("what waits for a person stands in the inbox and leads to the review; who may not decide is told who may", async () => {
  for (const [scheme, locale, width] of [["dark", "en-GB", 1440], ["light", "ko-KR", 320]]) {
    const look = { colorScheme: scheme, locale, viewport: { width, height: 900 } };
    const korean = locale.startsWith("ko");
    await over(async (page, calls) => {
      await page.goto(`${OPERATOR}/inbox`);
      await page.getByRole("heading", { name: korean ? "검토해 주세요" : "that wait for you" }).waitFor();
      assert.equal(await page.locator("header .count").textContent(), "2");
      assert.equal(await page.getByText(korean ? "할 일이 없습니다." : "Nothing to do.").count(), 0);
      await accessible(page, `an inbox with reviews ${locale}`);
      await fits(page, `an inbox with reviews ${locale}`);
      await page.locator("main section li a").first().press("Enter");
      await page.getByRole("button", { name: korean ? "승인하고 쓰기" : "Approve and put in force" }).press("Enter");
      await assert.doesNotReject(async () => { while (!calls.some(([path]) => path.endsWith("/submissions/3/approve"))) await page.waitForTimeout(50); });
      await page.goto(`${OPERATOR}/rules`);
      await page.getByRole("link", { name: korean ? "2 검토 대기" : "2 to review" }).press("Enter");
      await page.getByRole("heading", { level: 1, name: korean ? /^검토: / : /^Review: / }).waitFor();
    }, { ...look, city: { incidents: 0 } });

    await over(async (page) => {
      await page.goto(`${OPERATOR}/rules`);
      const only = page.getByText(korean ? "다음 역할만 승인하거나 기각할 수 있습니다: 규칙 작성, 관리자" : "Only these roles can approve or reject it: Rule author, Administrator");
      await only.waitFor();
      assert.equal(await page.locator("header .count").count(), 0, "nothing waits for whoever may not decide");
      await accessible(page, `rules of an approver ${locale}`);
    }, { ...look, city: { incidents: 0, role: "approver" } });
  }
});

test("rules stand by title in the reader's language", async () => {
  for (const locale of ["en-GB", "ko-KR"]) {
    await over(async (page) => {
      await page.goto(`${OPERATOR}/rules`);
      await page.getByRole("rowheader").first().waitFor();
      const ids = await page.getByRole("rowheader").locator("code").allTextContents();
      // As the server has them it is the other way round. In Korean all titles are the same, and the id decides.
      assert.deepEqual(ids, ["high", "low", "mid"]);
    }, { locale });
  }
});

test("a rate of nothing is not said, nor a level that is days away", () => over(async (page) => {
  let anHour = 0;
  await page.route("**/api/v1/observations?*", (route) => route.fulfill({ json: { next: null, observations: Array.from({ length: 13 }, (_, n) => ({
    time: new Date(Date.parse("2026-07-08T10:00:00Z") + n * 600_000).toISOString(), value: 4.6 + (anHour * n) / 6, flag: 1,
  })) } }));
  const figures = async (rate) => {
    anHour = rate;
    await page.goto(`${OPERATOR}/station/station-0`);
    await page.locator(".figures", { hasText: /m\/h|hardly/ }).waitFor();
    return (await page.locator(".figures > div").allTextContents()).slice(1);
  };
  assert.deepEqual(await figures(0.3), ["Rate+0.3 m/h", "To the next level3 h (5.5\u00a0m)"]);
  assert.deepEqual(await figures(0.02), ["Rate+0.02 m/h"], "45 hours");
  assert.deepEqual(await figures(0.0009), ["Ratehardly changes"]);
  assert.deepEqual(await figures(-0.3), ["Rate-0.3 m/h", "To the next levelnot rising"]);
}));

test("a refusal tells a person what a person can do, and who is logged out is told so", () => over(async (page) => {
  let answer = { status: 409, json: { error: "it is decided already", remedy: "GET /api/v1/rules/{id} lists the submissions" } };
  await page.route("**/submissions/3/approve", (route) => route.fulfill(answer));
  await page.goto(`${OPERATOR}/review/high`);
  const approve = page.getByRole("button", { name: "Approve and put in force" });
  await approve.click();
  await page.getByText("it is decided already · Reload the page, and look at how it stands now.").waitFor();
  assert.equal(await page.getByText("/api/v1").count(), 0);
  answer = { status: 409, json: { error: "a program is no second person", remedy: "have a person read it at the console" } };
  await approve.click();
  await page.getByText("a program is no second person · have a person read it at the console").waitFor();
  answer = { status: 401, json: { error: "nobody is logged in", remedy: "log in with POST /api/v1/login" } };
  await approve.click();
  await page.getByText("You were logged out. Log in again.").waitFor();
  await accessible(page, "the login of somebody who was logged out");
}));

test("where the city has a clock of its own, pages say whose time they tell", () => over(async (page) => {
  await facts(page, { clock: "own" });
  await page.goto(`${OPERATOR}/audit`);
  await page.getByText("by the server's clock, not by the city's. In the city it is now 8 Jul, 21:00.").waitFor();
  await page.getByRole("columnheader", { name: "Time (server's clock)" }).waitFor();
  await accessible(page, "an audit by another clock");
  // The city's day is another than this machine's.
  assert.equal(await page.locator("header time").textContent(), "As of 8\u00a0Jul,\u00a021:00");
}));

test("a device is let in, and its secret is shown once", () => over(async (page, calls) => {
  await page.goto(`${OPERATOR}/devices`);
  await page.getByLabel("Speaks for").selectOption(["station-3", "station-4"]);
  await page.getByRole("button", { name: "Let a device in" }).click();
  await page.locator("dialog textarea").fill("a new gauge");
  await accessible(page, "the question before a device is let in");
  await page.locator("dialog button.main").click();
  await page.getByText("secret-once").waitFor();
  await accessible(page, "a device with its secret");
  await fits(page, "a device with its secret");
  assert.deepEqual(calls.find(([path]) => path === "/devices")?.[1], { stations: ["station-3", "station-4"], reason: "a new gauge" });
  await page.getByRole("button", { name: "I have it" }).click();
  assert.equal(await page.getByText("secret-once").count(), 0);
  await page.locator("summary", { hasText: "Device accounts" }).click();
  await page.getByRole("button", { name: "New secret: gauge-1" }).click();
  await page.locator("dialog textarea").fill("it was lost");
  await page.locator("dialog button.main").click();
  await page.getByText("secret-once").waitFor();
  await page.getByRole("button", { name: "Revoke: gauge-1" }).click();
  await page.locator("dialog textarea").fill("it was stolen");
  await page.locator("dialog button.main").click();
  await page.locator("dialog").waitFor({ state: "detached" });
  assert.deepEqual(calls.find(([path]) => path === "/devices/gauge-1/revoke")?.[1], { reason: "it was stolen" });
}));

test("devices say how their clocks stand and what they say twice", () => over(async (page) => {
  await page.goto(`${OPERATOR}/devices`);
  const cells = async (id) => page.getByRole("row").filter({ has: page.locator("code", { hasText: new RegExp(`^${id}$`) }) }).locator("td").allTextContents();
  await page.getByText("42 s ahead").waitFor();
  assert.deepEqual((await cells("station-0")).slice(-3), ["42 s ahead", "3", "1"]);
  assert.deepEqual((await cells("station-1")).slice(-3), ["right", "0", "0"]);
  assert.deepEqual((await cells("station-2")).slice(-3), ["–", "–", "–"]);
}));

test("the code and the versions of a rule", async () => {
  for (const [scheme, locale, width] of [["light", "ko-KR", 1440], ["dark", "en-GB", 320], ["light", "en-GB", 320], ["dark", "ko-KR", 1440]]) {
    await over(async (page) => {
      await page.goto(`${OPERATOR}/rules/high`);
      const what = `${scheme} ${locale} ${width}`;
      await page.getByLabel(/Rule text|규칙 글/).check();
      await page.locator(".cm-content").waitFor();
      await page.locator(".cm-line", { hasText: "stage.last()" }).click();
      await page.keyboard.press("Home");
      await page.keyboard.type("let broken = stag.last(); ");
      await page.locator(".mistakes li").waitFor();
      await page.locator(".cm-lintRange, .cm-lintPoint").first().waitFor();
      assert.equal(await page.locator("main img, main script").count(), 0, "a name has become markup");
      await accessible(page, `code ${what}`);
      await fits(page, `code ${what}`);
      await picture(page, `console-code-${scheme}-${locale.slice(0, 2)}-${width}`, { fullPage: true });
      assert.ok(await page.getByRole("button", { name: /^(Submit|검토 맡기기)$/ }).isDisabled(), "what is broken is not submitted");
      // The cases are played with what is being written.
      await page.getByLabel(/^(Tests|시험)$/).check();
      await page.getByText(/^1 \/ 2/).waitFor();
      await page.locator(".cases .fails strong").waitFor();
      await accessible(page, `cases ${what}`);
      await fits(page, `cases ${what}`);
      await picture(page, `console-cases-${scheme}-${locale.slice(0, 2)}-${width}`, { fullPage: true });
      await page.getByLabel(/Versions and review|판과 검토/).check();
      await page.getByRole("heading", { name: /Waiting for review|검토를 기다리는 글/ }).waitFor();
      await accessible(page, `versions ${what}`);
      await fits(page, `versions ${what}`);
      await picture(page, `console-versions-${scheme}-${locale.slice(0, 2)}-${width}`, { fullPage: true });
      // What was written is still there.
      await page.getByLabel(/Rule text|규칙 글/).check();
      await page.locator(".cm-line", { hasText: "let broken" }).waitFor();
    }, { colorScheme: scheme, locale, viewport: { width, height: 900 } });
  }
});

test("a slider redraws the past, and what was moved is set with a reason", () => over(async (page, calls) => {
  await page.goto(`${OPERATOR}/rules/high`);
  await page.getByText("same 4").waitFor();
  await page.getByRole("slider", { name: "limit" }).fill("3");
  await page.getByText("lost 2").waitFor();
  await page.getByRole("slider", { name: "limit" }).fill("2.1");
  await page.getByText("gained 1").waitFor();
  await accessible(page, "a slider that was moved");
  await picture(page, "console-moved", { fullPage: true });
  await page.getByRole("slider", { name: "trend" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.getByText("played again").waitFor();
  await page.getByRole("button", { name: "Set here" }).click();
  await page.getByLabel("Reason").fill("the new bank");
  await accessible(page, "the question before numbers are in force");
  await page.getByRole("button", { name: "Put in force" }).click();
  await page.locator("dialog").waitFor({ state: "detached" });
  const [path, body, seen] = calls.find(([path]) => path === "/rules/high/overrides");
  assert.deepEqual([path, body, seen], ["/rules/high/overrides", { area: "gu0", set: { limit: 2.1, trend: "2h" }, reason: "the new bank" }, `"${"b".repeat(64)}"`]);
}));

test("a sweep is drawn, and a point or a line of the table is taken into the sliders", async () => {
  for (const [scheme, locale, width] of [["light", "en-GB", 1440], ["dark", "ko-KR", 320]]) {
    await over(async (page, calls) => {
      await page.goto(`${OPERATOR}/rules/high`);
      await page.getByRole("button", { name: /Try all|훑어보기/ }).click();
      await page.getByRole("button", { name: /^(Stop|멈추기)$/ }).waitFor();
      await accessible(page, `a sweep at work ${width}`);
      await page.locator(".cloud .spot").first().waitFor();
      await accessible(page, `a sweep ${width}`);
      await fits(page, `a sweep ${width}`);
      await picture(page, `console-sweep-${scheme}-${locale.slice(0, 2)}-${width}`, { fullPage: true });
      const slider = page.getByRole("slider", { name: "limit" });
      await page.locator(".sweep button").last().click();
      await page.locator(".sweep tr").last().and(page.locator(".taken")).waitFor();
      assert.equal(await slider.inputValue(), "9");
      await page.locator(".cloud .spot").first().press("Enter");
      await page.locator(".cloud .spot").first().and(page.locator("[aria-pressed=true]")).waitFor();
      assert.notEqual(await slider.inputValue(), "9");
      const [, asked] = calls.find(([path]) => path.endsWith("/sweeps"));
      assert.ok(asked.params.limit.includes(2.5) && asked.params.limit.includes(9), `what is in force and the ends are tried: ${asked.params.limit}`);
      assert.deepEqual([asked.area, asked.level, asked.truth, asked.days], ["gu0", "advisory", "advisory", 90]);
      // A sweep that nobody waits for is stopped.
      await page.getByRole("button", { name: /Try all|훑어보기/ }).click();
      await page.getByRole("button", { name: /^(Stop|멈추기)$/ }).waitFor();
      await page.getByRole("link", { name: /^(Rules|규칙)$/ }).click();
      await page.waitForFunction(() => !document.querySelector("progress"));
      assert.ok(calls.some(([path, body]) => path === "/rules/high/sweeps/1" && body === null), "it is told to stop");
    }, { colorScheme: scheme, locale, viewport: { width, height: 900 } });
  }
});

test("a viewer decides nothing", () => over(async (page) => {
  await page.goto(`${OPERATOR}/incident/river_flood-gu0-0`);
  await page.getByRole("heading", { name: "Why?" }).waitFor();
  assert.equal(await page.locator(".decisions button, .decisions a").count(), 0);
  await page.goto(`${OPERATOR}/silences`);
  await page.getByRole("heading", { name: "Silences" }).waitFor();
  assert.equal(await page.locator("main form, main button").count(), 0);
  await page.goto(`${OPERATOR}/rules/high`);
  await page.getByRole("heading", { name: "Parameters" }).waitFor();
  assert.equal(await page.getByRole("button", { name: /Set here|Take back/ }).count(), 0);
}, { city: { role: "viewer" } }));

test("a large city stays quick", () => over(async (page) => {
  await page.goto(`${OPERATOR}/`);
  await page.getByRole("heading", { name: "Stations (2000)" }).waitFor();
  await page.waitForLoadState("networkidle");
  // From the click to the next picture, inside of the page.
  const took = (selector) => page.evaluate((selector) => new Promise((done) => {
    const begun = performance.now();
    document.querySelector(selector).click();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
  }), selector);
  const measure = async (what, selector) => {
    const times = [];
    for (let n = 0; n < 9; n += 1) times.push(await took(selector));
    times.sort((one, other) => one - other);
    console.log(`2,000 stations, 500 incidents: ${what} takes ${times[4].toFixed(0)} ms (median of 9, at most ${times[8].toFixed(0)})`);
    assert.ok(times[4] < 1_000, `${what}: ${times[4]} ms`);
  };
  await measure("a filter", ".filter label:nth-of-type(3) input");
  await measure("folding an event beside the map", ".list .event summary");
  await page.goto(`${OPERATOR}/inbox`);
  await page.getByText("500 incidents of one event").waitFor();
  await measure("folding an event in the inbox", ".inbox .event summary");
  await measure("the ended ones", ".check input");
}, { city: { stations: 2_000, incidents: 500 } }));
