// Keeps the page moving: server-sent events carry whole areas with their newest counts, and each is put where
// its code stands. Nothing is added up here.
"use strict";

const board = document.getElementById("board");
const numbers = new Intl.NumberFormat("en-IN");
const SILENT_MS = 10_000;

const places = new Map();
for (const element of board.querySelectorAll("[data-area]")) {
  places.set(element.dataset.area, [...(places.get(element.dataset.area) ?? []), element]);
}

function percent(part, whole) {
  const share = whole ? (100 * part) / whole : 0;
  return share > 0 && share < 10 ? `${share.toFixed(1)} %` : `${share.toFixed(0)} %`;
}

function write(element, text) {
  if (element && element.textContent !== text) {
    element.textContent = text;
    return true;
  }
  return false;
}

// A group's counts belong to its heading: what lies inside a card is the card's own.
function own(element, selector) {
  return [...element.querySelectorAll(selector)].filter((found) => found.closest("[data-area]") === element);
}

function show(rollup) {
  const aims = { enrolled: rollup.target, certificates_issued: rollup.quota };
  for (const element of places.get(rollup.area) ?? []) {
    let moved = false;
    for (const name of ["enrolled", "certificates_issued", "certificates_waitlisted", "opinions"]) {
      for (const place of own(element, `[data-count="${name}"]`)) {
        moved = write(place, numbers.format(rollup[name])) || moved;
      }
      const aim = aims[name];
      if (!aim) continue;
      for (const bar of own(element, `[data-bar="${name}"]`)) {
        bar.max = aim.number;
        bar.value = Math.min(rollup[name], aim.number);
        bar.textContent = percent(rollup[name], aim.number);
      }
      for (const share of own(element, `[data-share="${name}"]`)) write(share, percent(rollup[name], aim.number));
    }
    if (!element.classList.contains("card")) continue;
    element.dataset.enrolled = rollup.enrolled;
    element.dataset.waitlisted = rollup.certificates_waitlisted;
    element.querySelector(".waiting").hidden = rollup.certificates_waitlisted === 0;
    if (moved) {
      element.classList.remove("moved");
      requestAnimationFrame(() => element.classList.add("moved"));
    }
  }
}

// Freshness -----------------------------------------------------------------------------------------------

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone: "Asia/Kolkata" });
const lamp = document.getElementById("freshness");
let heard = 0;
let asOf = null;

function tell(tone, words, lag) {
  write(document.getElementById("freshness-words"), words);
  if (lag !== undefined) write(document.getElementById("lag"), lag);
  if (lamp.dataset.tone !== tone) {
    lamp.dataset.tone = tone;
    write(document.getElementById("announce"), words);
  }
}

function showFreshness(state) {
  asOf = new Date(state.as_of);
  const { events, seconds, reason } = state.lag;
  const lag =
    events === null
      ? `lag unknown: ${reason}`
      : `${numbers.format(events)} events behind` + (seconds >= 1 ? `, for ${numbers.format(Math.round(seconds))} s` : "");
  const words = `as of ${clock.format(asOf)} IST`;
  if (state.trouble) tell("old", `Figures are old: ${state.trouble}; ${words}`, lag);
  else if (events === null) tell("unsure", words, lag);
  else tell(events > 0 && seconds >= 5 ? "behind" : "live", words, lag);
}

// The feed ------------------------------------------------------------------------------------------------

let source = null;
let since = board.dataset.since;

function receive(event) {
  heard = Date.now();
  since = event.lastEventId;
  const news = JSON.parse(event.data);
  for (const rollup of news.areas) show(rollup);
  asOf = new Date(news.as_of);
  if (lamp.dataset.tone === "live") write(document.getElementById("freshness-words"), `as of ${clock.format(asOf)} IST`);
}

function connect() {
  source?.close();
  heard = Date.now();
  source = new EventSource(board.dataset.stream);
  source.addEventListener("snapshot", receive);
  source.addEventListener("areas", receive);
  source.addEventListener("freshness", (event) => {
    heard = Date.now();
    showFreshness(JSON.parse(event.data));
  });
  source.addEventListener("end", () => {
    source.close();
    location.reload();
  });
}

// A browser gives an EventSource up after an answer such as 503, and notices a dead connection late.
setInterval(() => {
  if (Date.now() - heard < SILENT_MS && source.readyState !== EventSource.CLOSED) return;
  tell("old", `No connection; figures are as of ${asOf ? clock.format(asOf) + " IST" : "the loading of this page"}`, "");
  if (Date.now() - heard >= SILENT_MS || source.readyState === EventSource.CLOSED) connect();
}, 2_000);

addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => event.persisted && connect());
connect();

// Order ---------------------------------------------------------------------------------------------------

const sort = document.getElementById("sort");
const groups = document.getElementById("groups");
const inGroups = [...groups.children];
const cards = [...groups.querySelectorAll(".card")];
const homes = cards.map((card) => card.parentElement);
const flat = document.createElement("ul");
flat.className = "cards";

const bars = (card) => card.querySelector("progress");
const keys = {
  progress: (card) => (bars(card) ? bars(card).value / bars(card).max : -1),
  waitlisted: (card) => Number(card.dataset.waitlisted),
  name: (card) => card.dataset.name,
};

function order() {
  if (!sort.value) {
    cards.forEach((card, index) => homes[index].append(card));
    groups.replaceChildren(...inGroups);
    return;
  }
  const down = sort.value.startsWith("-") ? -1 : 1;
  const key = keys[sort.value.replace("-", "")];
  const sorted = [...cards].sort((a, b) => (key(a) < key(b) ? -down : key(a) > key(b) ? down : 0));
  flat.replaceChildren(...sorted);
  groups.replaceChildren(flat);
}

sort.addEventListener("change", order);
if (sort.value) order();
setInterval(() => sort.value && sort.value !== "name" && order(), 5_000);
