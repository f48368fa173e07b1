// What is wrong with a form, field by field, before anything is stored. The server judges again.
const INDIAN_MOBILE = /^(?:\+?91|0)?[6-9]\d{9}$/;
const OTHER_MOBILE = /^\+[1-9]\d{7,14}$/;
const LETTER = /\p{L}/u;
// Letters, what stands between them in names, and few words: nothing can be told in place of a name.
const NAME = /^[\p{L}\p{M} .'\u2018\u2019\u00b7\u2010\u200c\u200d\u0970-]+$/u;
const BETWEEN_WORDS = /[\s.\u00b7\u2010\u0970-]+/u;
const MOST_WORDS = 8;

/** @param {any} values of the form @returns {[string, string][]} field and the word for it */
export function mistakesIn(values) {
  const phone = phoneIn(values.phone);
  /** @type {[string, string, boolean][]} */
  const fields = [
    ["consent.manner", "wrong_manner", values.manner !== null],
    ["consent", "wrong_consent", values.consent && values.language !== null],
    ["name", "wrong_name", isName(values.name.trim())],
    ["phone", "wrong_phone", INDIAN_MOBILE.test(phone) || OTHER_MOBILE.test(phone)],
    ["segment", "wrong_segment", values.segment !== ""],
    ["basis", "wrong_basis", values.basis !== null],
    ["adult", "wrong_adult", values.adult],
    ["party_member", "wrong_party", values.noParty],
  ];
  return fields.filter(([, , isRight]) => !isRight).map(([field, word]) => [field, word]);
}

/** @param {string} name */
function isName(name) {
  const words = name.split(BETWEEN_WORDS).filter((word) => word !== "");
  return LETTER.test(name) && NAME.test(name) && words.length <= MOST_WORDS;
}

/** A number as it was typed, without what people put between digits. @param {string} typed */
export function phoneIn(typed) {
  return typed.replace(/[\s().\u200e\u200f\u202a-\u202e\u2066-\u2069-]/g, "");
}
