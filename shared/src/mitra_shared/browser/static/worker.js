// Keeps the app itself, so that it opens without a network. Each version has a cache of its own, filled whole or
// not at all. Documents of the issuer are the page's business (certificate/held.js), records lie in IndexedDB, and
// an answer of an API is never kept. A file is found by its path alone, so that no code of an address gets in here.
"use strict";

const VERSION = "{{version}}";
const PATHS = JSON.parse('{{paths}}');
const SHELL = "{{caches}}";

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches.open(SHELL + VERSION)
      .then((cache) => cache.addAll(PATHS.map((path) => new Request(path, { cache: "reload" }))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => names.filter((name) => name.startsWith(SHELL) && name !== SHELL + VERSION))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== self.location.origin || !PATHS.includes(pathname)) return;
  event.respondWith(
    caches.open(SHELL + VERSION)
      .then((cache) => cache.match(pathname))
      .then((found) => found || fetch(event.request)),
  );
});
