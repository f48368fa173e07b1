// When answer sheets go: at a random moment that is apart from every outcome that was sent and every sheet that was
// filled in, so that nobody who watches requests can tell from their times whose answers they are.
import { now } from "./clock.js";
import { done, transact } from "./database.js";

/** No sheet goes within so long after an outcome was sent, or a sheet was filled in. */
const APART_MS = 10 * 60_000;
/** Beyond that, anywhere in here. */
const SPREAD_MS = 30 * 60_000;

/**
 * The next moment: the one that was drawn, if it is far enough off, else another.
 * @param {number | undefined} drawn @param {number} at now @param {number} random from 0 to 1
 */
export function apartFrom(drawn, at, random) {
  const isApart = drawn !== undefined && drawn >= at + APART_MS && !isTooFar(drawn, at);
  return isApart ? drawn : at + APART_MS + random * SPREAD_MS;
}

/** Whether no moment that is drawn at `at` is as far off. @param {number | undefined} drawn @param {number} at */
export function isTooFar(drawn, at) {
  return drawn !== undefined && drawn > at + APART_MS + SPREAD_MS;
}

/** Moves the moment where it is too near. */
export function keepSheetsApart() {
  return transact(["meta"], "readwrite", moveApart);
}

/** As a part of a transaction on "meta". @param {(name: string) => IDBObjectStore} store */
export async function moveApart(store) {
  const drawn = await done(store("meta").get("sheetsAt"));
  await done(store("meta").put(apartFrom(drawn, now(), chance()), "sheetsAt"));
}

/** In random order. @template T @param {T[]} things @returns {T[]} */
export function shuffled(things) {
  return things.map((thing) => ({ thing, at: chance() })).sort((one, other) => one.at - other.at).map(({ thing }) => thing);
}

function chance() {
  return crypto.getRandomValues(new Uint32Array(1))[0] / 2 ** 32;
}
