// What only the device can add to the forms: a number of its own, so that one device's reports count once, and web push
// where the browser can. The forms work without it.
"use strict";
(() => {
  const kept = {
    get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* a browser that keeps nothing */ } },
    drop: (key) => { try { localStorage.removeItem(key); } catch { /* as above */ } },
  };

  const device = document.querySelector("input[name=device]");
  if (device) {
    const known = kept.get("bongsu-device");
    if (known) device.value = known;
    else kept.set("bongsu-device", device.value);
  }

  const push = document.getElementById("push");
  if (!push || !("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) return;
  const form = document.getElementById("wish");
  const [begin, end, status] = ["push-begin", "push-end", "status"].map((id) => document.getElementById(id));
  const words = push.dataset;
  const base = document.currentScript.src.replace(/\/form\.js$/, "");
  const worker = navigator.serviceWorker.register(`${base}/worker.js`).then(() => navigator.serviceWorker.ready);
  const TOKEN = "bongsu-push";

  const show = (text) => {
    end.hidden = !kept.get(TOKEN);
    begin.hidden = !end.hidden;
    status.textContent = text;
  };
  document.getElementById("push-none").hidden = true;
  push.hidden = false;
  show(kept.get(TOKEN) ? words.on : "");

  // What the browser wants the city's key as.
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

  const subscribe = async () => {
    if (await Notification.requestPermission() !== "granted") return show(words.denied);
    const answer = await fetch(`${base}/api/v1/push/key`);
    if (!answer.ok) throw new Error(answer.status);
    const { key } = await answer.json();
    const ready = await worker;
    const subscription = await ready.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
    const wish = new FormData(form);
    const taken = await fetch(`${base}/api/v1/subscriptions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        channel: "push", subscription: subscription.toJSON(), lang: wish.get("lang"), level: wish.get("level"),
        areas: wish.getAll("areas"), hazards: wish.getAll("hazards"),
      }),
    });
    if (!taken.ok) throw new Error(taken.status);
    kept.set(TOKEN, (await taken.json()).token);
    return show(words.on);
  };

  const unsubscribe = async () => {
    const answer = await fetch(`${base}/api/v1/subscriptions/${encodeURIComponent(kept.get(TOKEN))}`, { method: "DELETE" });
    // One that is not known there any more is ended all the same.
    if (!answer.ok && answer.status !== 404) throw new Error(answer.status);
    kept.drop(TOKEN);
    const ready = await worker;
    await (await ready.pushManager.getSubscription())?.unsubscribe();
    show(words.off);
  };

  const failed = () => show(words.failed);
  begin.addEventListener("click", () => { status.textContent = "…"; subscribe().catch(failed); });
  end.addEventListener("click", () => { status.textContent = "…"; unsubscribe().catch(failed); });
})();
