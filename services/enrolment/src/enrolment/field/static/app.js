// The app: which part is shown, when it sends, and what it says about that.
import { workOnCertificates } from "./certificate_work.js";
import { isThere } from "./certificates.js";
import { showBanner } from "./banner.js";
import { forgetEarlierDays, lookAtDue } from "./calls.js";
import { freshCampaign, isOfToday, keptCampaign } from "./campaign.js";
import { loadClock } from "./clock.js";
import { ContactsView } from "./contacts_view.js";
import { newestDraft } from "./drafts.js";
import { showDrafts } from "./drafts_view.js";
import { EnrolForm } from "./enrol_form.js";
import { HandOverView, showHandOvers } from "./handover_view.js";
import { sendFieldWork } from "./field_work.js";
import { firstLanguage, language, remember, say } from "./language.js";
import { prepareLanguages, speakAs } from "./language_buttons.js";
import { showKept, workOffline } from "./installing.js";
import { showLast } from "./last_view.js";
import { Refused, Unreachable } from "./net.js";
import { showDays, showServerDays } from "./numbers_view.js";
import { prepareOutreach, showOutreach } from "./outreach_view.js";
import { dropForgotten } from "./paper_photos.js";
import { part, show } from "./parts.js";
import { showCertificates } from "./people_view.js";
import { isOutdated, standing } from "./queue.js";
import { showQueue } from "./queue_view.js";
import { isSessionAlive, nameOf, staff } from "./session.js";
import { SignInNeeded } from "./session_api.js";
import { prepareSignIn } from "./signin_view.js";
import { leave } from "./signout_view.js";
import { othersDone, sync } from "./sync.js";
import { tried } from "./tried.js";
import { inTurn } from "./turns.js";
import { showView, viewInAddress } from "./views.js";

const LOOK_AGAIN_MS = 60_000;

const others = new BroadcastChannel("mitra-field");
const form = new EnrolForm({ stored: recordStored, kept: () => others.postMessage("changed"), left: () => changed() });
const handOver = new HandOverView(handedOver);
const contacts = new ContactsView({ changed: () => changed(), noted: () => worked() });
let view = "signin";
/** @type {string} */
let state = "idle";
let isNext = false;
let note = "";
/** The word for what keeps hand-overs here. @type {string | null} */
let givenTrouble = null;
/** The word for what keeps outcomes and reports here. @type {string | null} */
let workTrouble = null;

/** @param {string} wanted */
async function go(wanted) {
  view = wanted;
  showView(view);
  if (view !== "handover") handOver.leave();
  await paint();
  if (view === "numbers" && isThere()) await showCertificates({ again: false });
  if (view === "contacts") await lookAtRound();
}

/** Shows everything again as it stands. Of this window alone, one after the other, so that what is read last is seen last. */
const paint = inTurn(`mitra-field-paint-${crypto.randomUUID()}`, async () => {
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
  showQueue(stands, state, { mend, changed, retaken: recordStored });
  showDays(stands.days);
  part("who").textContent = nameOf(me);
  await showLast();
  showBanner(state, note, stands);
  if (view === "enrol") await showDrafts({ resume, changed });
  if (view === "handover") await showHandOvers(givenTrouble, changed);
  if (view === "contacts") await contacts.show(await keptCampaign(), workTrouble);
  if (view === "numbers") {
    await showOutreach(await keptCampaign());
    // Not waited for: without a network it tries for a while.
    showServerDays(stands.device);
  }
  if (view === "more") await showKept();
});

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

/** An outcome or a report was kept. */
async function worked() {
  await changed();
  await sendWork();
}

async function sendWork() {
  // An open app may see the day end.
  await forgetEarlierDays();
  if (!(await isSessionAlive())) return;
  workTrouble = await sendFieldWork();
  await changed();
}

/** How many are due may have changed since it was asked last. */
async function lookAtRound() {
  const { round } = contacts;
  if (round === null || !(await isSessionAlive())) return;
  if ((await tried(() => lookAtDue(round.id))) === null) await paint();
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
    if (ended === "elsewhere") sendAfterOthers();
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
  await sendWork();
}

/** The window that sends may have looked for the last time just before this one stored something. */
async function sendAfterOthers() {
  if (isNext) return;
  isNext = true;
  await othersDone();
  isNext = false;
  await send();
}

/** Loads the definition once a day, and shows it. */
async function lookForCampaign() {
  const known = await keptCampaign();
  const me = await staff();
  if (isOfToday(known, me)) return;
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
  await dropForgotten();
  const campaign = await keptCampaign();
  if (campaign) form.show(campaign);
  const newest = campaign && !form.isTouched ? await newestDraft() : null;
  if (newest) form.resume(newest.key, newest.values);
  await forgetEarlierDays();
  const first = (await isSessionAlive()) ? viewInAddress() ?? "enrol" : "signin";
  // Unless another part was tapped on meanwhile.
  if (view === "signin") await go(first);
  // Not waited for: without a network it tries for a minute.
  send();
}

async function signOutHere() {
  if (!(await leave())) return;
  others.postMessage("signed-out");
  location.reload();
}

/** @param {string} wanted */
async function choose(wanted) {
  speakAs(wanted);
  note = "";
  if (form.campaign) form.show(form.campaign);
  handOver.show();
  await paint();
}

async function start() {
  part("start").remove();
  await loadClock();
  await choose(firstLanguage());
  prepareLanguages((wanted) => {
    remember(wanted);
    choose(wanted);
  });
  for (const button of document.querySelectorAll("[data-view]")) {
    button.addEventListener("click", () => go(/** @type {HTMLElement} */ (button).dataset.view));
  }
  prepareSignIn(signedIn);
  prepareOutreach(worked);
  part("send").addEventListener("click", async () => {
    await send();
    if (state === "sign-in") await go("signin");
  });
  for (const element of document.querySelectorAll("[data-needs=certificates]")) /** @type {HTMLElement} */ (element).hidden = !isThere();
  part("certificates-again").addEventListener("click", () => showCertificates({ again: true }));
  part("signin-later").addEventListener("click", () => go("enrol"));
  part("sign-out").addEventListener("click", signOutHere);
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
