// The buttons of the three languages at the top of each page.
import { speak } from "./language.js";

/** @param {(wanted: string) => void} choose called with the language that was tapped */
export function prepareLanguages(choose) {
  for (const button of buttons()) button.addEventListener("click", () => choose(button.dataset.language));
}

/** Speaks it, and shows which one it is. @param {string} wanted */
export function speakAs(wanted) {
  speak(wanted);
  for (const button of buttons()) button.setAttribute("aria-pressed", String(button.dataset.language === wanted));
}

/** @returns {NodeListOf<HTMLElement>} */
function buttons() {
  return document.querySelectorAll("[data-language]");
}
