// One line above everything: what was just done, how the sending stands, and what is wrong with the clock.
import { isClockWrong } from "./clock.js";
import { say } from "./language.js";
import { part, show } from "./parts.js";

/** @type {Object<string, string>} */
const TONES = { "sign-in": "caution", offline: "", busy: "caution", refused: "bad", fault: "bad" };

/**
 * @param {string} state of the sending @param {string} note
 * @param {{waiting: number, photos: {waiting: number}}} stands records and photos of papers
 */
export function showBanner(state, note, { waiting, photos }) {
  const quiet = state === "idle" || state === "elsewhere";
  const text = [
    note,
    quiet ? "" : say(`state_${state.replace("-", "")}`),
    isClockWrong() ? say("clockWrong") : "",
    quiet && waiting ? `${say("waiting")}: ${waiting}` : "",
    quiet && photos.waiting ? say("photosWaiting", { count: photos.waiting }) : "",
  ].filter(Boolean).join(" ");
  show("banner", text || null);
  part("banner").dataset.tone = TONES[state] || "";
}
