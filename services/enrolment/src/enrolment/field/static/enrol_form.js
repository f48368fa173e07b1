// The form for one person. There is no free text but the name; what is typed is kept sealed as a draft (drafts.js)
// until it is stored.
import { named, noticesInForce } from "./campaign.js";
import { TooManyDrafts, dropDraft, hold, keepDraft } from "./drafts.js";
import { mistakesIn, phoneIn } from "./enrol_fields.js";
import { LANGUAGES, directionOf, language, say } from "./language.js";
import { PaperPhoto } from "./paper_photo.js";
import { make, part, picks, show } from "./parts.js";
import { add } from "./queue.js";
import { NoKey } from "./vault.js";

const DRAFT_AFTER_MS = 400;

/** @typedef {import("./campaign.js").Campaign} Campaign */

export class EnrolForm {
  /** @param {{stored: () => void, kept: () => void, left: () => void}} then after each record that was stored, each
   * draft that was kept, and each form that was left */
  constructor(then) {
    this.then = then;
    /** @type {Campaign | null} */
    this.campaign = null;
    /** @type {import("./campaign.js").Notice[]} */
    this.notices = [];
    /** Key of the refused record that this form mends. @type {string | null} */
    this.mends = null;
    this.later = 0;
    this.paper = new PaperPhoto(() => this.keep());
    // The key is of the record, not of the tap: however often it is tapped, one person is stored.
    this.key = this.begin(crypto.randomUUID());
    this.isStoring = false;
    part("enrol").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.store();
    });
    part("enrol").addEventListener("input", () => {
      show("enrol-trouble", null);
      clearTimeout(this.later);
      this.later = setTimeout(() => this.keep(), DRAFT_AFTER_MS);
    });
    // A phone may be put away, and the app killed, before the time is over.
    document.addEventListener("visibilitychange", () => document.hidden && this.keep());
    window.addEventListener("pagehide", () => this.keep());
    part("put-aside").addEventListener("click", () => this.putAside());
    part("languages-of-person").addEventListener("change", () => this.showNotice());
    part("field-manner").addEventListener("change", () => this.showPaper());
    part("mend-stop").addEventListener("click", async () => {
      await dropDraft(this.key);
      this.clear();
      this.then.left();
    });
  }

  /** @param {string} key */
  begin(key) {
    hold(key);
    return key;
  }

  /** Whether anything was typed that a reload would lose. */
  get isTouched() {
    return this.mends !== null || this.paper.isThere || ["name", "phone"].some((id) => part(id).value !== "");
  }

  /** Fills in what the campaign says, in the language of the app; choices that were made stay. @param {Campaign} campaign */
  show(campaign) {
    const chosen = this.chosen();
    this.campaign = campaign;
    this.notices = noticesInForce(campaign);
    const mine = language();
    picks("languages-of-person", "radio", "person-language", this.notices.map((notice) =>
      ({ value: notice.language, text: LANGUAGES[notice.language], lang: notice.language })));
    picks("bases", "radio", "basis", campaign.bases.map((basis) => ({ value: basis, text: say(`basis_${basis}`), lang: mine })));
    picks("schemes", "checkbox", "scheme", campaign.schemes.map((scheme) =>
      ({ value: scheme.code, text: named(scheme.name, mine), lang: scheme.name[mine] ? mine : "en" })));
    const first = make("option", say("choose"), { value: "" });
    part("segment").replaceChildren(first, ...campaign.segments.map((each) =>
      make("option", named(each.name, mine), { value: each.code, lang: each.name[mine] ? mine : "en" })));
    part("adult-text").textContent = say("adult", { years: campaign.minimumAge });
    this.choose({ ...chosen, language: chosen.language || mine });
  }

  /**
   * Puts a refused record into the form, to be mended; everything stays but the consent, which is asked for again.
   * @param {string} key of the record @param {any} enrolment
   */
  mend(key, enrolment) {
    this.clear();
    const { consent } = enrolment;
    this.fillIn({
      ...enrolment, language: consent.language, manner: consent.manner, mends: key, notice: null, consent: false,
      noParty: !enrolment.party_member,
    });
    part("name").focus();
  }

  /** Goes on with a draft. @param {string} key @param {any} values */
  resume(key, values) {
    this.clear();
    this.key = this.begin(key);
    this.fillIn(values);
  }

  /** @param {any} values as `values` gives them */
  fillIn(values) {
    this.mends = values.mends;
    part("mending").hidden = this.mends === null;
    part("name").value = values.name;
    part("phone").value = values.phone;
    this.choose(values);
    part("adult").checked = values.adult;
    part("no-party").checked = values.noParty;
    // Consent was given to the text that was shown then.
    part("consent").checked = values.consent && this.notices.some(({ hash }) => hash === values.notice);
    this.showPutAside();
  }

  /** Everything that was typed and chosen. */
  get values() {
    const chosen = this.chosen();
    return {
      ...chosen, mends: this.mends, name: part("name").value, phone: part("phone").value, adult: part("adult").checked,
      noParty: part("no-party").checked, consent: part("consent").checked,
      notice: this.notices.find((each) => each.language === chosen.language)?.hash ?? null,
    };
  }

  /** Keeps what was typed so far, so that a killed app costs nothing. */
  async keep() {
    clearTimeout(this.later);
    this.showPutAside();
    if (!this.isTouched || this.campaign === null) return;
    try {
      await keepDraft(this.key, this.values);
    } catch (error) {
      const { name } = /** @type {Error} */ (error);
      if (error instanceof TooManyDrafts) return show("enrol-trouble", say("draftsTooMany"));
      if (error instanceof NoKey) return;
      if (name !== "QuotaExceededError") console.error(error);
      show("enrol-trouble", say("draftNotKept"));
      return;
    }
    this.then.kept();
  }

  /** Leaves the form as a draft, for the next person. */
  async putAside() {
    await this.keep();
    if (part("enrol-trouble").hidden) {
      this.clear();
      this.then.left();
      window.scrollTo(0, 0);
    }
  }

  showPutAside() {
    part("put-aside").hidden = !this.isTouched;
  }

  /** Ready for the next person; language, manner and segment stay, since they rarely change. */
  clear() {
    const { language: spoken, segment, manner } = this.chosen();
    clearTimeout(this.later);
    part("enrol").reset();
    this.key = this.begin(crypto.randomUUID());
    this.mends = null;
    part("mending").hidden = true;
    this.mark([]);
    this.choose({ language: spoken, segment, manner, basis: null, schemes: [] });
    this.showPutAside();
  }

  async store() {
    if (this.isStoring || this.campaign === null) return;
    const wrong = mistakesIn(this.values);
    this.mark(wrong.map(([field]) => field));
    if (wrong.length) {
      show("enrol-trouble", say("fix", { fields: wrong.map(([, word]) => say(word)).join(", ") }));
      document.querySelector(`[data-field="${wrong[0][0]}"]`)?.scrollIntoView({ block: "center" });
      return;
    }
    this.isStoring = true;
    clearTimeout(this.later);
    part("store").disabled = true;
    try {
      await this.paper.made;
      await add(this.enrolment(), this.key, this.mends);
    } catch (error) {
      const { name } = /** @type {Error} */ (error);
      if (name !== "QuotaExceededError") console.error(error);
      show("enrol-trouble", say(name === "QuotaExceededError" ? "diskFull" : "notStored"));
      return;
    } finally {
      this.isStoring = false;
      part("store").disabled = false;
    }
    this.clear();
    window.scrollTo(0, 0);
    this.then.stored();
  }

  enrolment() {
    const chosen = this.chosen();
    const notice = this.notices.find((each) => each.language === chosen.language);
    return {
      name: part("name").value.trim(),
      phone: phoneIn(part("phone").value),
      segment: chosen.segment,
      basis: chosen.basis,
      schemes: chosen.schemes,
      language: chosen.language,
      adult: part("adult").checked,
      party_member: !part("no-party").checked,
      consent: {
        given: part("consent").checked, notice_version: notice.version, language: notice.language,
        notice_hash: notice.hash, manner: chosen.manner,
      },
    };
  }

  /** @param {string[]} wrong */
  mark(wrong) {
    for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-field]"))) {
      element.toggleAttribute("data-wrong", wrong.includes(element.dataset.field));
    }
  }

  chosen() {
    const one = (/** @type {string} */ name) => part("enrol").querySelector(`[name="${name}"]:checked`)?.value ?? null;
    const schemes = Array.from(part("enrol").querySelectorAll('[name="scheme"]:checked'), (box) => box.value);
    return {
      language: one("person-language"), manner: one("manner"), basis: one("basis"), segment: part("segment").value, schemes,
    };
  }

  /** @param {{language: string | null, manner: string | null, basis: string | null, segment: string, schemes: string[]}} choices */
  choose(choices) {
    const check = (/** @type {string} */ name, /** @type {string[]} */ values) => {
      for (const box of part("enrol").querySelectorAll(`[name="${name}"]`)) box.checked = values.includes(box.value);
    };
    check("person-language", [choices.language]);
    check("manner", [choices.manner]);
    check("basis", [choices.basis]);
    check("scheme", choices.schemes);
    part("segment").value = choices.segment;
    this.showNotice();
    this.showPaper();
  }

  showPaper() {
    this.paper.of(this.key, this.mends, this.chosen().manner === "signed_paper");
  }

  showNotice() {
    const { language: spoken } = this.chosen();
    const notice = this.notices.find((each) => each.language === spoken);
    part("notice-text").textContent = notice ? notice.text : "";
    part("notice-version").textContent = notice ? notice.version : "";
    part("notice").lang = notice ? notice.language : language();
    part("notice").dir = directionOf(notice ? notice.language : language());
    part("notice").scrollTop = 0;
  }
}
