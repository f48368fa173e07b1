// Time. The clock of a cheap phone is not trusted: what is dated by it is corrected by what the server last said,
// waiting is measured by the browser's running clock, and the server dates every enrolment itself.
import { read, write } from "./database.js";
import { watchAnswers } from "./net.js";

const INDIA_MS = 5.5 * 3_600_000;
const WORTH_TELLING_MS = 5 * 60_000;

let offset = 0;

export async function loadClock() {
  offset = (await read("clock")) || 0;
  watchAnswers(learn);
}

/** Learns from the header Date of an answer. @param {Response} answer */
function learn(answer) {
  const said = Date.parse(answer.headers.get("Date") || "");
  if (Number.isNaN(said)) return;
  const learnt = said - Date.now();
  if (Math.abs(learnt - offset) < 2_000) return;
  offset = learnt;
  write("clock", offset).catch((error) => console.warn("The time of the server is not kept:", error.message));
}

/** Milliseconds since 1970, by the clock of the server as far as it is known. */
export function now() {
  return Date.now() + offset;
}

/** The day it is in India, as 2026-11-28. */
export function today() {
  return new Date(now() + INDIA_MS).toISOString().slice(0, 10);
}

/** Whether the clock of this phone is so wrong that its owner should know. */
export function isClockWrong() {
  return Math.abs(offset) > WORTH_TELLING_MS;
}
