// The form for one person. There is no free text but the name; what is typed is kept nowhere until it is stored.
import { named, noticesInForce } from "./campaign.js";
import { LANGUAGES, directionOf, language, say } from "./language.js";
import { make, part, show } from "./parts.js";
import { add } from "./queue.js";

const INDIAN_MOBILE = /^(?:\+?91|0)?[6-9]\d{9}$/;
const OTHER_MOBILE = /^\+[1-9]\d{7,14}$/;
const LETTER = /\p{L}/u;
// Letters, and what stands between them in names: nothing can be told in place of a name.
const NAME = /^[\p{L}\p{M} .'\u2018\u2019\u00b7\u2010\u200c\u200d\u0970-]+$/u;

/** @typedef {import("./campaign.js").Campaign} Campaign */

export class EnrolForm {
  /** @param {() => void} stored called after each record that was stored */
  constructor(stored) {
    this.stored = stored;
    /** @type {Campaign | null} */
    this.campaign = null;
    /** @type {import("./campaign.js").Notice[]} */
    this.notices = [];
    this.mends = null;
    // The key is of the record, not of the tap: however often it is tapped, one person is stored.
    this.key = crypto.randomUUID();
    this.isStoring = false;
    part("enrol").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.store();
    });
    part("enrol").addEventListener("input", () => show("enrol-trouble", null));
    part("languages-of-person").addEventListener("change", () => this.showNotice());
    part("mend-stop").addEventListener("click", () => this.clear());
  }

  /** Whether anything was typed that a reload would lose. */
  get isTouched() {
    return this.mends !== null || ["name", "phone"].some((id) => part(id).value !== "");
  }

  /** Fills in what the campaign says, in the language of the app; choices that were made stay. @param {Campaign} campaign */
  show(campaign) {
    const chosen = this.chosen();
    this.campaign = campaign;
    this.notices = noticesInForce(campaign);
    const mine = language();
    this.picks("languages-of-person", "radio", "person-language", this.notices.map((notice) =>
      ({ value: notice.language, text: LANGUAGES[notice.language], lang: notice.language })));
    this.picks("bases", "radio", "basis", campaign.bases.map((basis) => ({ value: basis, text: say(`basis_${basis}`), lang: mine })));
    this.picks("schemes", "checkbox", "scheme", campaign.schemes.map((scheme) =>
      ({ value: scheme.code, text: named(scheme.name, mine), lang: scheme.name[mine] ? mine : "en" })));
    const first = make("option", say("choose"), { value: "" });
    part("segment").replaceChildren(first, ...campaign.segments.map((each) =>
      make("option", named(each.name, mine), { value: each.code, lang: each.name[mine] ? mine : "en" })));
    part("adult-text").textContent = say("adult", { years: campaign.minimumAge });
    this.choose({ ...chosen, language: chosen.language || mine });
  }

  /** Puts a refused record into the form, to be mended. @param {number} number @param {any} enrolment */
  mend(number, enrolment) {
    this.clear();
    this.mends = number;
    part("mending").hidden = false;
    part("name").value = enrolment.name;
    part("phone").value = enrolment.phone;
    this.choose({
      language: enrolment.consent.language, segment: enrolment.segment, basis: enrolment.basis,
      manner: enrolment.consent.manner, schemes: enrolment.schemes,
    });
    part("name").focus();
  }

  /** Ready for the next person; language, manner and segment stay, since they rarely change. */
  clear() {
    const { language: spoken, segment, manner } = this.chosen();
    part("enrol").reset();
    this.key = crypto.randomUUID();
    this.mends = null;
    part("mending").hidden = true;
    this.mark([]);
    this.choose({ language: spoken, segment, manner, basis: null, schemes: [] });
  }

  async store() {
    if (this.isStoring || this.campaign === null) return;
    const wrong = this.mistakes();
    this.mark(wrong.map(([field]) => field));
    if (wrong.length) {
      show("enrol-trouble", say("fix", { fields: wrong.map(([, word]) => say(word)).join(", ") }));
      document.querySelector(`[data-field="${wrong[0][0]}"]`)?.scrollIntoView({ block: "center" });
      return;
    }
    this.isStoring = true;
    part("store").disabled = true;
    try {
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
    this.stored();
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

  /** @returns {[string, string][]} field and the word for it */
  mistakes() {
    const chosen = this.chosen();
    const phone = phoneIn(part("phone").value);
    /** @type {[string, string, boolean][]} */
    const fields = [
      ["consent.manner", "wrong_manner", chosen.manner !== null],
      ["consent", "wrong_consent", part("consent").checked && chosen.language !== null],
      ["name", "wrong_name", LETTER.test(part("name").value) && NAME.test(part("name").value.trim())],
      ["phone", "wrong_phone", INDIAN_MOBILE.test(phone) || OTHER_MOBILE.test(phone)],
      ["segment", "wrong_segment", chosen.segment !== ""],
      ["basis", "wrong_basis", chosen.basis !== null],
      ["adult", "wrong_adult", part("adult").checked],
      ["party_member", "wrong_party", part("no-party").checked],
    ];
    return fields.filter(([, , isRight]) => !isRight).map(([field, word]) => [field, word]);
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

  /** @param {string} place @param {string} type @param {string} name @param {{value: string, text: string, lang: string}[]} choices */
  picks(place, type, name, choices) {
    const legend = part(place).querySelector("legend");
    part(place).replaceChildren(...(legend ? [legend] : []), ...choices.map(({ value, text, lang }) => {
      const label = make("label", null, { class: "pick" });
      label.append(make("input", null, { type, name, value }), make("span", text, { lang, dir: "auto" }));
      return label;
    }));
  }
}

/** A number as it was typed, without what people put between digits. @param {string} typed */
function phoneIn(typed) {
  return typed.replace(/[\s().\u200e\u200f\u202a-\u202e\u2066-\u2069-]/g, "");
}
