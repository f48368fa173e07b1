// Waiting between attempts: longer each time, with jitter, as the server asks, and no longer than the network is away.
import { Refused, Unreachable } from "./net.js";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 120_000;
const LONGEST_RETRY_AFTER_MS = 15 * 60_000;

/** Whether the same request may be answered otherwise later. @param {unknown} error */
export function isPassing(error) {
  return error instanceof Unreachable || (error instanceof Refused && error.isPassing);
}

/** @param {unknown} error @param {number} failures in a row @returns {number} milliseconds */
export function pauseFor(error, failures) {
  const backoff = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures) * (0.5 + Math.random() / 2);
  const asked = error instanceof Refused && error.retryAfter !== null ? error.retryAfter * 1_000 : 0;
  return Math.max(backoff, Math.min(asked, LONGEST_RETRY_AFTER_MS));
}

/** Waits, or goes on at once where the network comes back. @param {number} ms */
export function pause(ms) {
  return new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer);
      window.removeEventListener("online", go);
      resolve(null);
    };
    const timer = setTimeout(go, ms);
    window.addEventListener("online", go);
  });
}
