// The language of the app: remembered, else the browser's, else English. The words are each app's own.
import { words as en } from "./words/en.js";
import { words as hi } from "./words/hi.js";
import { words as ur } from "./words/ur.js";

/** @type {Object<string, Object<string, string>>} */
const WORDS = { en, hi, ur };
const REMEMBERED = "mitra-language";

/** What each language calls itself. @type {Object<string, string>} */
export const LANGUAGES = { en: "English", hi: "हिन्दी", ur: "اردو" };

let current = "en";

export function firstLanguage() {
  const wished = [remembered(), ...(navigator.languages || [navigator.language])];
  return wished.map((tag) => String(tag).slice(0, 2).toLowerCase()).find((tag) => tag in WORDS) || "en";
}

export function language() {
  return current;
}

/** Puts every text of the page that has a key into `wanted`. @param {string} wanted */
export function speak(wanted) {
  current = wanted;
  document.documentElement.lang = wanted;
  document.documentElement.dir = directionOf(wanted);
  document.title = `${say("title")} · Mitra`;
  for (const element of all("[data-say]")) element.textContent = say(element.dataset.say);
  for (const element of all("[data-label]")) element.setAttribute("aria-label", say(element.dataset.label));
}

/** @param {string} wanted */
export function remember(wanted) {
  try {
    localStorage.setItem(REMEMBERED, wanted);
  } catch (error) {
    console.warn("This browser keeps no settings:", /** @type {Error} */ (error).message);
  }
}

function remembered() {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch (error) {
    return null;
  }
}

/** @param {string} wanted */
export function directionOf(wanted) {
  return wanted === "ur" ? "rtl" : "ltr";
}

/** Whether there are words for `key`. @param {string} key */
export function canSay(key) {
  return key in WORDS.en;
}

/** The words for `key`; values in them keep their own direction. @param {string} key @param {Object<string, any>} [values] */
export function say(key, values = {}) {
  return WORDS[current][key].replace(/\{(\w+)\}/g, (_, name) => `\u2068${values[name]}\u2069`);
}

/** @param {string} selector @returns {NodeListOf<HTMLElement>} */
function all(selector) {
  return document.querySelectorAll(selector);
}
