// The app: which part is shown, when it sends, and what it says about that.
import { workOnCertificates } from "./certificate_work.js";
import { isThere } from "./certificates.js";
import { freshCampaign, keptCampaign } from "./campaign.js";
import { isClockWrong, loadClock, today } from "./clock.js";
import { newestDraft } from "./drafts.js";
import { showDrafts } from "./drafts_view.js";
import { EnrolForm } from "./enrol_form.js";
import { HandOverView, showHandOvers } from "./handover_view.js";
import { all as handOvers } from "./handovers.js";
import { firstLanguage, language, remember, say, speak } from "./language.js";
import { showKept, workOffline } from "./installing.js";
import { showLast } from "./last_view.js";
import { Refused, Unreachable } from "./net.js";
import { showDays, showServerDays } from "./numbers_view.js";
import { confirmed, part, show } from "./parts.js";
import { showCertificates } from "./people_view.js";
import { isOutdated, standing } from "./queue.js";
import { showQueue } from "./queue_view.js";
import { SignInNeeded, isSessionAlive, nameOf, signOut, staff } from "./session.js";
import { prepareSignIn } from "./signin_view.js";
import { sync } from "./sync.js";

const LOOK_AGAIN_MS = 60_000;
const TONES = { "sign-in": "caution", offline: "", busy: "caution", refused: "bad", fault: "bad" };

const others = new BroadcastChannel("mitra-field");
const form = new EnrolForm({ stored: recordStored, kept: () => others.postMessage("changed"), left: () => changed() });
const handOver = new HandOverView(handedOver);
let view = "signin";
/** @type {string} */
let state = "idle";
let note = "";
/** The word for what keeps hand-overs here. @type {string | null} */
let givenTrouble = null;

/** @param {string} wanted */
async function go(wanted) {
  view = wanted;
  for (const section of document.querySelectorAll("[id^=view-]")) /** @type {HTMLElement} */ (section).hidden = section.id !== `view-${view}`;
  for (const button of document.querySelectorAll("[data-view]")) {
    button.toggleAttribute("aria-current", /** @type {HTMLElement} */ (button).dataset.view === view);
    if (button.hasAttribute("aria-current")) button.setAttribute("aria-current", "page");
  }
  window.scrollTo(0, 0);
  if (view !== "handover") handOver.leave();
  await paint();
  if (view === "numbers" && isThere()) await showCertificates({ again: false });
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
    mend,
    changed,
  });
  showDays(stands.days);
  part("who").textContent = nameOf(me);
  await showLast();
  showBanner(stands);
  if (view === "enrol") await showDrafts({ resume, changed });
  if (view === "handover") await showHandOvers(givenTrouble, changed);
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

/** @param {import("./queue.js").Record} record @param {any} enrolment */
async function mend(record, enrolment) {
  // Asking again with the notice of before would be refused again.
  if (isOutdated(record) && !(await isCampaignFresh())) return;
  await form.keep();
  form.mend(record.key, enrolment);
  await go("enrol");
}

/** Whether the newest notices are here; says so where they are not. */
async function isCampaignFresh() {
  try {
    form.show(await freshCampaign());
    return true;
  } catch (error) {
    if (!(error instanceof Unreachable || error instanceof Refused || error instanceof SignInNeeded)) throw error;
    note = say("noticeNotHere");
    await paint();
    return false;
  }
}

/** @param {string} key @param {any} values of a draft */
async function resume(key, values) {
  await form.keep();
  form.resume(key, values);
  await go("enrol");
}

function handedOver() {
  changed();
  sendGiven();
}

async function sendGiven() {
  if (!isThere() || !(await isSessionAlive())) return;
  givenTrouble = await workOnCertificates();
  await changed();
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
    // The sending may have brought a newer one.
    const campaign = await keptCampaign();
    if (campaign && form.campaign?.etag !== campaign.etag) form.show(campaign);
  } catch (error) {
    console.error(error);
    state = "fault";
  }
  await changed();
  await sendGiven();
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
  const newest = campaign && !form.isTouched ? await newestDraft() : null;
  if (newest) form.resume(newest.key, newest.values);
  await go((await isSessionAlive()) ? "enrol" : "signin");
  await send();
}

async function leave() {
  const { waiting, refused, unreadable } = await standing();
  const given = (await handOvers()).filter((each) => each.state === "waiting").length;
  const count = waiting + refused.length + unreadable.length + given;
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
  handOver.show();
  await paint();
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
  for (const element of document.querySelectorAll("[data-needs=certificates]")) /** @type {HTMLElement} */ (element).hidden = !isThere();
  part("certificates-again").addEventListener("click", () => showCertificates({ again: true }));
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
  await workOffline(() => form.isTouched, () => {
    note = say("newVersion");
    part("reload").hidden = false;
    paint();
  });
}

start();
