// Looks at an import while the server works on it: less often the longer nothing changes, and not for ever.
import { importOf } from "./api.js";
import { isPassing, pause, pauseFor } from "./backoff.js";

const AT_WORK = new Set(["uploading", "uploaded", "mapped", "accepted"]);
const FIRST_MS = 500;
const LONGEST_MS = 10_000;
const SLOWER = 1.5;
/** About ten minutes. */
const MOST_LOOKS_WITHOUT_CHANGE = 60;
const MOST_FAILURES = 8;
const LONG_PAUSE_MS = 10 * 60_000;

/**
 * @param {string} id
 * @param {(now: import("./api.js").Import) => void} told after every look
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} whether there is nothing more to see; false where it stopped looking before
 */
export async function watch(id, told, signal) {
  let [before, unchanged, failures] = ["", 0, 0];
  while (!signal.aborted && unchanged < MOST_LOOKS_WITHOUT_CHANGE) {
    let wait;
    try {
      const now = await importOf(id);
      if (signal.aborted) return true;
      told(now);
      if (!AT_WORK.has(now.state)) return true;
      if (isPutOff(now)) return false;
      failures = 0;
      const after = `${now.state} ${now.preview} ${now.remaining}`;
      unchanged = after === before ? unchanged + 1 : 0;
      before = after;
      wait = Math.min(LONGEST_MS, FIRST_MS * SLOWER ** unchanged);
    } catch (error) {
      if (signal.aborted) return true;
      if (!isPassing(error) || ++failures === MOST_FAILURES) throw error;
      wait = pauseFor(error, failures - 1);
    }
    await pause(wait);
  }
  return signal.aborted;
}

/** Whether it goes on so late that nobody sits and waits. @param {import("./api.js").Import} now */
function isPutOff({ state, continues_at: at }) {
  return state === "accepted" && at !== null && Date.parse(at) - Date.now() > LONG_PAUSE_MS;
}
