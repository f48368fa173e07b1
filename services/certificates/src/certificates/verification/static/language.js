// The language of the page: remembered, else the browser's, else English.
import { words as en } from "./words/en.js";
import { words as hi } from "./words/hi.js";
import { words as ur } from "./words/ur.js";

const WORDS = { en, hi, ur };
const REMEMBERED = "mitra-language";

let current = "en";

export function firstLanguage() {
  const wished = [remembered(), ...(navigator.languages || [navigator.language])];
  return wished.map((tag) => String(tag).slice(0, 2).toLowerCase()).find((tag) => tag in WORDS) || "en";
}

// Puts every text of the page that has a key into `language`.
export function speak(language) {
  current = language;
  document.documentElement.lang = language;
  document.documentElement.dir = language === "ur" ? "rtl" : "ltr";
  document.title = `${say("title")} · Mitra`;
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
  }
}

export function remember(language) {
  try {
    localStorage.setItem(REMEMBERED, language);
  } catch (error) {
    console.warn("This browser keeps no settings:", error.message);
  }
}

// The words for `key`; values in them keep their own direction (isolated, left to right).
export function say(key, values) {
  return WORDS[current][key].replace(/\{(\w+)\}/g, (_, name) => `\u2066${values[name]}\u2069`);
}

function remembered() {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch (error) {
    return null;
  }
}
