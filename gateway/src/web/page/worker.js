// Keeps "what to do" for when there is no network, and shows what the city pushes to those who subscribed. It never
// answers with an old situation: a page about now is shown from the network or not at all.
"use strict";
const KEPT = "bongsu-guide-1";

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => {
  const others = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(others());
});

// What to do in the reader's language, as it was last read; the language is part of the address.
const keep = async (request) => {
  const cache = await caches.open(KEPT);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  } catch (unreachable) {
    // The language stands in the address: what else a browser says about itself does not matter.
    const kept = await cache.match(request, { ignoreVary: true }) || await cache.match(request, { ignoreVary: true, ignoreSearch: true });
    if (kept) return kept;
    throw unreachable;
  }
};

// Any other page that cannot be reached: what to do, if it is known here, else the browser's own words.
const instead = async (request) => {
  try {
    return await fetch(request);
  } catch (unreachable) {
    const cache = await caches.open(KEPT);
    const pages = await cache.keys();
    const language = new URL(request.url).searchParams.get("lang");
    const guide = pages.find((page) => new URL(page.url).searchParams.get("lang") === language) || pages[0];
    if (guide) return await cache.match(guide, { ignoreVary: true });
    throw unreachable;
  }
};

self.addEventListener("fetch", (event) => {
  if (event.request.mode !== "navigate") return;
  const { pathname } = new URL(event.request.url);
  event.respondWith(pathname.endsWith("/guide") ? keep(event.request) : instead(event.request));
});

self.addEventListener("message", (event) => {
  if (event.data === "keep") {
    event.waitUntil(caches.open(KEPT).then((cache) => cache.add(event.source.url)));
  }
});

// What was pushed: a newer message of an incident takes the place of the one before, and rings again.
self.addEventListener("push", (event) => {
  const told = event.data ? event.data.json() : {};
  event.waitUntil(self.registration.showNotification(told.title ?? "", {
    body: told.body, lang: told.lang, tag: told.incident, renotify: Boolean(told.incident), data: told.url,
    requireInteraction: told.level === "warning" || told.level === "emergency",
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  if (event.notification.data) event.waitUntil(self.clients.openWindow(event.notification.data));
});
