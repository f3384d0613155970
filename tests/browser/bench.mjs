// People at the console of the real program, and thirty days of a river for them.
import { tab } from "./browser.mjs";
import { measured } from "./river.mjs";

const MINUTE = 60_000;
export const DAY = 1_440;

/** Somebody comes in by a one-time link. */
export async function enter(link, name) {
  const own = await tab({ viewport: { width: 1440, height: 900 } });
  await own.page.goto(link);
  if (name) await own.page.getByLabel("User name").fill(name);
  await own.page.getByLabel("Password").fill("correct horse battery");
  await own.page.locator("form button.main").click();
  await own.page.getByRole("heading", { name: "Situation" }).waitFor();
  return own;
}

/** Somebody of a role, invited by an administrator. */
export async function invited(admin, name, role) {
  await admin.page.getByRole("link", { name: "People" }).click();
  await admin.page.getByLabel("User name").fill(name);
  await admin.page.locator("form").first().getByLabel("Role").selectOption(role);
  await admin.page.getByRole("button", { name: "Invite" }).click();
  return enter(await admin.page.locator("[role=status] code").first().textContent());
}

/** Two gauges of a river, every ten minutes: days of calm water, a rise that stops short of a limit, and a flood. */
export async function river() {
  const now = Date.now();
  const wave = (ago, peak, at) => Math.max(0, (peak - 4) - Math.abs(at - ago) / 10 * 0.1);
  const readings = [];
  for (let ago = 30 * DAY - 30; ago >= 10; ago -= 10) {
    const stage = 4 + 0.2 * Math.sin(ago / 118) + Math.max(wave(ago, 6.2, 20 * DAY), wave(ago, 6.5, 6 * DAY));
    for (const station of ["upper", "bridge"]) readings.push({ station, at: now - ago * MINUTE, stage: station === "upper" ? Math.min(stage, 4.3) : stage });
  }
  await measured(readings);
  return readings.length;
}

/** Says why in the question that is asked, and goes on. */
export const reason = async (page, text, button) => {
  await page.locator("dialog textarea").fill(text);
  await page.locator("dialog button.main", { hasText: button }).click();
};
/** The question was answered. */
export const asked = async (page) => page.locator("dialog").waitFor({ state: "detached" });
