// Keeps the page moving: server-sent events carry whole areas with their newest counts, and each is put where
// its code stands. Nothing is added up here.
"use strict";

const board = document.querySelector("[data-live]");
const words = JSON.parse(document.getElementById("words").textContent);
const numbers = new Intl.NumberFormat("en-IN");
const SILENT_MS = 10_000;
const STEPS = [0.2, 0.4, 0.6, 0.8, 1];
const COUNTS = [
  "enrolled", "certificates_issued", "certificates_waitlisted", "opinions", "certificates_printed",
  "certificates_dispatched", "certificates_handed_over", "programmes_held", "programmes_presented",
  "programmes_beneficiaries", "programmes_attendance", "meetings_held", "people_met", "contacts_attempted",
  "contacts_reached", "contacts_due",
];

const places = new Map();
for (const element of board.querySelectorAll("[data-area]")) {
  places.set(element.dataset.area, [...(places.get(element.dataset.area) ?? []), element]);
}

function fill(key, given) {
  // Numbers and dates beside words of the other direction would be turned around.
  const [isolate, end] = document.documentElement.dir === "rtl" ? ["\u2068", "\u2069"] : ["", ""];
  return words[key].replace(/\{(\w+)\}/g, (_, name) => isolate + given[name] + end);
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

function showTile(tile, rollup) {
  const aim = rollup.target?.number;
  const share = aim ? rollup.enrolled / aim : 0;
  const step = share > 0 ? 1 + STEPS.filter((each) => share >= each).length : 0;
  const text = aim ? percent(rollup.enrolled, aim) : numbers.format(rollup.enrolled);
  tile.setAttribute("class", tile.getAttribute("class").replace(/step-\d/, `step-${step}`));
  if (!write(tile.querySelector("text"), text.replace(" %", ""))) return;
  write(tile.querySelector("title"), `${tile.dataset.name}: ${text}`);
  tile.setAttribute("aria-label", `${tile.dataset.name}: ${text}`);
}

function show(rollup) {
  const due = rollup.contacts_due === null ? null : { number: rollup.contacts_due };
  const aims = { enrolled: rollup.target, certificates_issued: rollup.quota, contacts_reached: due };
  for (const element of places.get(rollup.area) ?? []) {
    if (element.classList.contains("tile")) {
      showTile(element, rollup);
      continue;
    }
    let moved = false;
    for (const name of COUNTS) {
      for (const place of own(element, `[data-count="${name}"]`)) {
        moved = write(place, numbers.format(rollup[name] ?? 0)) || moved;
      }
      const aim = aims[name];
      if (!aim) continue;
      for (const bar of own(element, `[data-bar="${name}"]`)) {
        bar.max = Math.max(aim.number, 1);
        bar.value = Math.min(rollup[name], aim.number);
        bar.textContent = percent(rollup[name], aim.number);
      }
      for (const share of own(element, `[data-share="${name}"]`)) write(share, percent(rollup[name], aim.number));
    }
    // Another round shows once the page is opened anew: its name is not in the feed.
    for (const round of own(element, "[data-round]")) round.hidden = round.dataset.round !== rollup.contacts_round;
    for (const line of own(element, "[data-of-target]")) {
      const number = rollup.target.number;
      write(line, fill("of_target", { share: percent(rollup.enrolled, number), number: numbers.format(number) }));
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

function timeOf(instant) {
  return fill("as_of", { time: `${clock.format(instant)} IST` });
}

function showFreshness(state) {
  asOf = new Date(state.as_of);
  const { events, seconds } = state.lag;
  let lag = words.lag_unknown;
  if (events !== null) {
    lag = fill("events_behind", { number: numbers.format(events) });
    if (seconds >= 1) lag += ` ${fill("for_seconds", { seconds: numbers.format(Math.round(seconds)) })}`;
  }
  if (state.trouble) tell("old", fill("figures_old", { as_of: timeOf(asOf) }), lag);
  else if (events === null) tell("unsure", timeOf(asOf), lag);
  else tell(events > 0 && seconds >= 5 ? "behind" : "live", timeOf(asOf), lag);
}

// The feed ------------------------------------------------------------------------------------------------

let source = null;

function receive(event) {
  heard = Date.now();
  const news = JSON.parse(event.data);
  for (const rollup of news.areas) show(rollup);
  asOf = new Date(news.as_of);
  if (lamp.dataset.tone === "live") write(document.getElementById("freshness-words"), timeOf(asOf));
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
  tell("old", fill("no_connection", { as_of: asOf ? timeOf(asOf) : words.as_loaded }), "");
  if (Date.now() - heard >= SILENT_MS || source.readyState === EventSource.CLOSED) connect();
}, 2_000);

addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => event.persisted && connect());
connect();
