// Today's contacts: the round, one person at a time, and what came of the call. After 'reached' it offers the screen of
// opinions, which is another page and is told the round and the segment alone.
import { named } from "./campaign.js";
import { callAgain, putOff, takeList, todaysCalls } from "./calls.js";
import { today } from "./clock.js";
import { showRound, showUnsent } from "./contacts_state.js";
import { LANGUAGES, canSay, language, say } from "./language.js";
import { Refused } from "./net.js";
import { noteOutcome, outcomesHere, sendOutcomesOnce } from "./outcomes.js";
import { confirmed, make, part, show, written } from "./parts.js";
import { dayAfter, openRound } from "./round.js";
import { showRows } from "./rows.js";
import { tried } from "./tried.js";

const LOOKS_USED_UP = "urn:mitra:problem:looks-used-up";
const TIMES = ["morning", "afternoon", "evening"];

export class ContactsView {
  /** @param {{changed: () => void, noted: () => void}} then after a change of the list, and after each outcome */
  constructor(then) {
    this.then = then;
    /** @type {import("./campaign.js").Campaign | null} */
    this.campaign = null;
    /** The person on the card. @type {import("./calls.js").Call | null} */
    this.call = null;
    /** Where questions are offered now: a segment, nobody. @type {string | null} */
    this.offered = null;
    this.isNoting = false;
    this.isTaking = false;
    for (const button of part("take-list").querySelectorAll("[data-take]")) {
      button.addEventListener("click", () => this.take(Number(button.dataset.take)));
    }
    for (const button of part("outcomes").querySelectorAll("[data-outcome]")) {
      button.addEventListener("click", () => this.note(button.dataset.outcome));
    }
    part("person").addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
    part("call-later").addEventListener("click", () => this.openLater(part("call-later-part").hidden));
    part("next-person").addEventListener("click", () => this.goOn());
    part("put-off").addEventListener("click", async () => {
      if (this.call) await putOff(this.call);
      this.then.changed();
    });
  }

  get round() {
    return openRound(this.campaign?.rounds ?? [], today());
  }

  /** @param {import("./campaign.js").Campaign | undefined} campaign @param {string | null} trouble the word for what keeps outcomes here */
  async show(campaign, trouble) {
    this.campaign = campaign ?? null;
    const { round } = this;
    const calls = await todaysCalls();
    await showRound(round);
    await showUnsent(calls, trouble, this.then.changed);
    const open = calls.filter(({ state, person }) => state === "open" && person.round === round?.id);
    part("take-list").hidden = round === null;
    part("calls-open").textContent = open.length;
    this.showOffer();
    this.showPerson(this.offered === null ? open[0] ?? null : null);
    const again = calls.filter(({ state }) => state === "tried");
    part("tried-part").hidden = !again.length;
    showRows(part("tried"), again, ({ contact }) => contact, (call) => this.triedRow(call));
  }

  /** What was said last, and the offer of it, are of a moment that is over. */
  goOn() {
    this.offered = null;
    show("contacts-said", null);
    this.then.changed();
  }

  /** @param {import("./calls.js").Call | null} call */
  showPerson(call) {
    const isAnother = call?.contact !== this.call?.contact;
    this.call = call;
    part("person").hidden = call === null;
    part("person-name").textContent = part("person-phone").textContent = "";
    part("person-call").href = "tel:";
    if (call === null || this.campaign === null) return;
    const { person } = call;
    part("person-name").textContent = person.name;
    part("person-phone").textContent = person.phone;
    part("person-call").href = `tel:${person.phone}`;
    part("person-language").textContent = LANGUAGES[person.language] ?? person.language;
    part("person-time").textContent = say(`time_${person.preferredTime ?? "any"}`);
    part("person-last").textContent = person.lastContact === null ? say("never") : lastOf(person);
    part("person-promise").hidden = person.callOn === null;
    part("person-call-on").textContent = person.callOn === null ? "" : written(person.callOn);
    const segment = this.campaign.segments.find(({ code }) => code === person.segment);
    part("person-segment").textContent = segment ? named(segment.name, language()) : person.segment;
    const before = part("prefers").value;
    part("prefers").replaceChildren(make("option", say("prefersSame"), { value: "" }), ...TIMES.map((time) =>
      make("option", say(`time_${time}`), { value: time })));
    part("prefers").value = isAnother ? "" : before;
    if (isAnother) this.openLater(false);
  }

  /** @param {boolean} isOpen */
  openLater(isOpen) {
    part("call-later-part").hidden = !isOpen;
    part("call-later").setAttribute("aria-expanded", String(isOpen));
    const tomorrow = dayAfter(today());
    part("call-later").disabled = !this.round || this.round.closes_on < tomorrow;
    part("call-on").min = part("call-on").value = tomorrow;
    part("call-on").max = this.round?.closes_on ?? tomorrow;
  }

  /** @param {import("./outcomes.js").Outcome} outcome */
  async note(outcome) {
    const { call } = this;
    if (call === null || this.isNoting) return;
    const callOn = outcome === "call_later" ? part("call-on").value : null;
    if (callOn === "" || (callOn !== null && !part("call-on").checkValidity())) return this.tell(say("wrongDate"));
    this.isNoting = true;
    try {
      if (outcome === "asked_to_stop" && !(await confirmed(say("stopAsk"), say("stopYes")))) return;
      const came = await noteOutcome(call, { outcome, callOn, preferredTime: part("prefers").value || null });
      this.tell(null);
      show("contacts-said", say(`outcome_${came}`));
      this.offered = came === "noted" && outcome === "reached" && this.round?.questions.length ? call.person.segment : null;
    } catch (error) {
      const { name } = /** @type {Error} */ (error);
      if (name !== "QuotaExceededError") console.error(error);
      return this.tell(say(name === "QuotaExceededError" ? "diskFull" : "notStored"));
    } finally {
      this.isNoting = false;
    }
    window.scrollTo(0, 0);
    this.then.noted();
  }

  /** @param {number} wanted */
  async take(wanted) {
    const { round } = this;
    if (round === null || this.isTaking) return;
    this.isTaking = true;
    this.tell(null);
    show("contacts-said", say("listTaking"));
    let taken = -1;
    let isHeldUp = false;
    /** @type {string | null} */
    let few = null;
    const trouble = await tried(async () => {
      // Who was called a moment ago is due until the server knows what came of it.
      await sendOutcomesOnce();
      isHeldUp = (await outcomesHere()).waiting > 0;
      if (isHeldUp) return;
      try {
        taken = await takeList(round.id, wanted);
      } catch (error) {
        if (!(error instanceof Refused) || error.problem.type !== LOOKS_USED_UP) throw error;
        few = say("listRation", { left: error.problem.left ?? 0 });
      }
    });
    this.isTaking = false;
    show("contacts-said", taken < 0 ? null : taken ? say("listTaken", { count: taken }) : say("listNobody"));
    if (taken < 0) this.tell(few ?? say(trouble ?? (isHeldUp ? "listFirst" : "listOffline")));
    this.then.changed();
  }

  showOffer() {
    const { round, offered } = this;
    part("questions-offer").hidden = offered === null;
    part("questions").hidden = round === null || !round.questions.length || offered !== null;
    part("questions-of-segment").href = round && offered ? `/field/opinions.html#${new URLSearchParams({ round: round.id, segment: offered })}` : "/field/opinions.html";
  }

  /** @param {import("./calls.js").Call} call */
  triedRow(call) {
    const item = make("li", null);
    const who = make("p", null);
    who.append(make("bdi", call.person.name, { dir: "auto" }));
    const again = make("button", say("callAgain"), { type: "button", class: "quiet" });
    again.addEventListener("click", async () => {
      await callAgain(call);
      this.goOn();
      window.scrollTo(0, 0);
    });
    item.append(who, again);
    return item;
  }

  /** @param {string | null} trouble */
  tell(trouble) {
    show("contacts-trouble", trouble);
  }
}

/** @param {import("./calls.js").Person} person */
function lastOf({ lastContact, lastOutcome }) {
  const key = `outcome_${lastOutcome}`;
  return [written(lastContact), canSay(key) ? say(key) : ""].filter(Boolean).join(" · ");
}
