// The app: which part is shown, when it sends, and what it says about that.
import { freshCampaign, keptCampaign } from "./campaign.js";
import { isClockWrong, loadClock, today } from "./clock.js";
import { read } from "./database.js";
import { EnrolForm } from "./enrol_form.js";
import { firstLanguage, language, remember, say, speak } from "./language.js";
import { Refused, Unreachable } from "./net.js";
import { showDays, showServerDays } from "./numbers_view.js";
import { confirmed, part, show } from "./parts.js";
import { qrCode } from "./qr.js";
import { standing } from "./queue.js";
import { showQueue } from "./queue_view.js";
import { SignInNeeded, isSessionAlive, nameOf, signOut, staff } from "./session.js";
import { prepareSignIn } from "./signin_view.js";
import { sync } from "./sync.js";
import { unseal } from "./vault.js";

const LOOK_AGAIN_MS = 60_000;
const TONES = { "sign-in": "caution", offline: "", busy: "caution", refused: "bad", fault: "bad" };

const others = new BroadcastChannel("mitra-field");
const form = new EnrolForm(recordStored);
let view = "signin";
/** @type {string} */
let state = "idle";
let note = "";

/** @param {string} wanted */
async function go(wanted) {
  view = wanted;
  for (const section of document.querySelectorAll("[id^=view-]")) /** @type {HTMLElement} */ (section).hidden = section.id !== `view-${view}`;
  for (const button of document.querySelectorAll("[data-view]")) {
    button.toggleAttribute("aria-current", /** @type {HTMLElement} */ (button).dataset.view === view);
    if (button.hasAttribute("aria-current")) button.setAttribute("aria-current", "page");
  }
  window.scrollTo(0, 0);
  await paint();
}

/** Shows everything again as it stands. */
async function paint() {
  const me = await staff();
  part("tabs").hidden = !me;
  part("signin-later").hidden = !me;
  show("signin-why", me ? say("state_signin") : null);
  if (!me) {
    view = "signin";
    part("view-signin").hidden = false;
    show("banner", null);
    return;
  }
  const stands = await standing();
  showQueue(stands, state, {
    mend: (number, enrolment) => {
      form.mend(number, enrolment);
      go("enrol");
    },
    changed,
  });
  showDays(stands.days);
  part("who").textContent = nameOf(me);
  await showLast();
  showBanner(stands);
  if (view === "numbers") await showServerDays(stands.device);
  if (view === "more") await showKept();
}

/** @param {{waiting: number}} stands */
function showBanner(stands) {
  const quiet = state === "idle" || state === "elsewhere";
  const text = [
    note,
    quiet ? "" : say(`state_${state.replace("-", "")}`),
    isClockWrong() ? say("clockWrong") : "",
    quiet && stands.waiting ? `${say("waiting")}: ${stands.waiting}` : "",
  ].filter(Boolean).join(" ");
  show("banner", text || null);
  part("banner").dataset.tone = TONES[state] || "";
}

async function showLast() {
  const kept = await read("last");
  part("last").hidden = !kept;
  if (!kept) return;
  const last = await unseal(kept, "last");
  part("last-name").textContent = last.name;
  part("last-receipt").hidden = part("last-share").hidden = !last.receipt;
  part("last-none").hidden = Boolean(last.receipt);
  if (!last.receipt) return;
  const link = new URL(last.receipt_path || `/r/${encodeURIComponent(last.receipt)}`, location.origin);
  part("last-link").href = link.href;
  part("last-link").textContent = link.host + link.pathname;
  if (part("last-code").dataset.of !== link.href) {
    const code = qrCode(link.href, link.href);
    part("last-code").replaceChildren(...(code ? [code] : []));
    part("last-code").dataset.of = link.href;
  }
  part("last-share").hidden = !navigator.share;
  part("last-share").onclick = () => navigator.share({ url: link.href }).catch((/** @type {Error} */ error) => {
    if (error.name !== "AbortError") console.warn(error.message);
  });
}

async function showKept() {
  const isKept = navigator.storage?.persisted ? await navigator.storage.persisted() : false;
  show("kept-state", say(isKept ? "keptYes" : "keptNo"));
}

function recordStored() {
  note = say("stored");
  changed();
  send();
}

/** Something in the database is different: here and in other windows. */
function changed() {
  others.postMessage("changed");
  return paint();
}

async function send() {
  const tell = (/** @type {string} */ now) => {
    state = now;
    paint();
  };
  try {
    if (!(await staff())) return;
    const ended = await sync(tell);
    // The window that sends tells how it stands.
    if (ended !== "elsewhere" || state === "sending") state = ended;
    if (ended === "idle") note = "";
    if (ended === "idle") await lookForCampaign();
  } catch (error) {
    console.error(error);
    state = "fault";
  }
  await changed();
}

/** Loads the definition once a day, and shows it. */
async function lookForCampaign() {
  const known = await keptCampaign();
  const me = await staff();
  if (known && known.loadedOn === today() && known.area === me.area) return;
  try {
    form.show(await freshCampaign());
  } catch (error) {
    const isExpected = error instanceof Unreachable || error instanceof Refused || error instanceof SignInNeeded;
    if (!isExpected) throw error;
    if (!known) note = say("noCampaign");
  }
}

async function signedIn() {
  state = "idle";
  note = "";
  if (navigator.storage?.persist) await navigator.storage.persist();
  await lookForCampaign();
  await begin();
  others.postMessage("changed");
}

/** Somebody works on this phone, signed in or not. */
async function begin() {
  const campaign = await keptCampaign();
  if (campaign) form.show(campaign);
  await go((await isSessionAlive()) ? "enrol" : "signin");
  await send();
}

async function leave() {
  const { waiting, refused, unreadable } = await standing();
  const count = waiting + refused.length + unreadable.length;
  const isSure = count
    ? await confirmed(say("signOutLose", { count }), say("signOutLoseYes", { count }))
    : await confirmed(say("signOutAsk"), say("signOut"));
  if (!isSure) return;
  await signOut();
  others.postMessage("signed-out");
  location.reload();
}

/** @param {string} wanted */
async function choose(wanted) {
  speak(wanted);
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.language === wanted));
  }
  note = "";
  if (form.campaign) form.show(form.campaign);
  await paint();
}

async function workOffline() {
  if (!("serviceWorker" in navigator)) return;
  const before = navigator.serviceWorker.controller;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (!before) return;
    if (!form.isTouched) location.reload();
    else {
      note = say("newVersion");
      part("reload").hidden = false;
      paint();
    }
  });
  try {
    await navigator.serviceWorker.register("/field/worker.js", { scope: "/field/" });
    await navigator.serviceWorker.ready;
    document.documentElement.dataset.offline = "ready";
  } catch (error) {
    console.warn("This browser does not keep the app:", /** @type {Error} */ (error).message);
  }
}

async function start() {
  part("start").remove();
  await loadClock();
  await choose(firstLanguage());
  for (const button of document.querySelectorAll("[data-language]")) {
    const wanted = /** @type {HTMLElement} */ (button).dataset.language;
    button.addEventListener("click", () => {
      remember(wanted);
      choose(wanted);
    });
  }
  for (const button of document.querySelectorAll("[data-view]")) {
    button.addEventListener("click", () => go(/** @type {HTMLElement} */ (button).dataset.view));
  }
  prepareSignIn(signedIn);
  part("send").addEventListener("click", async () => {
    await send();
    if (state === "sign-in") await go("signin");
  });
  part("signin-later").addEventListener("click", () => go("enrol"));
  part("sign-out").addEventListener("click", leave);
  part("reload").addEventListener("click", () => location.reload());
  others.onmessage = ({ data }) => (data === "signed-out" ? location.reload() : paint());
  window.addEventListener("online", send);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && send());
  setInterval(send, LOOK_AGAIN_MS);
  if (await staff()) await begin();
  else await go("signin");
  document.documentElement.dataset.ready = language();
  await workOffline();
}

start();
