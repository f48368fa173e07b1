// What is wrong and what is right, in the language of the page; a code that it has no words for, as the server says it.
import { causes as en } from "./causes/en.js";
import { causes as hi } from "./causes/hi.js";
import { causes as ur } from "./causes/ur.js";
import { language, say } from "./language.js";
import { make } from "./parts.js";

/** @type {Object<string, Object<string, [string, string]>>} */
const CAUSES = { en, hi, ur };
/** @type {Object<string, string | number>} */
let facts = {};

/** @param {Object<string, string | number>} known what the campaign says */
export function fillWith(known) {
  facts = known;
}

/** @typedef {{code: string, message?: string | null, expected?: string | null, field?: string}} Cause */

/** What is wrong. @param {string} name of the element @param {Cause} cause */
export function wrong(name, { code, message }) {
  return said(name, CAUSES[language()][code]?.[0], message);
}

/** What is right. @param {string} name of the element @param {Cause} cause */
export function right(name, { code, expected, field }) {
  // The server says 'one of the kind named': here the kind is named.
  const own = code === "not-understood" && field ? say(`holds_${field}`) : CAUSES[language()][code]?.[1];
  return said(name, own && filled(own), expected);
}

/** @param {string} name @param {string | undefined} own @param {string | null | undefined} servers in English */
function said(name, own, servers) {
  return own === undefined ? make(name, servers ?? "", { lang: "en", dir: "ltr" }) : make(name, own);
}

/** Facts keep their own direction. @param {string} text */
function filled(text) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in facts ? `\u2068${facts[name]}\u2069` : whole));
}
