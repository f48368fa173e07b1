// Certificates handed over: sealed here with a record id of their own, sent once there is a network. The server answers
// a record that comes again as it did before, so a lost answer or a killed app records nothing twice.
import { now, today } from "./clock.js";
import { askCertificates, isThere } from "./certificates.js";
import { done, transact } from "./database.js";
import { inTurn } from "./turns.js";
import { CannotOpen, seal, unseal } from "./vault.js";

const LOCK = "mitra-field-handovers";
const MOST_SENT = 50;
const MOST_REMEMBERED = 500;
const GIVEN = "handed_over";

/**
 * @typedef {{record: string, at: number, day: string, state: "waiting" | "refused" | "done", nonce: Uint8Array,
 *   sealed: ArrayBuffer, told?: {outcome: string, number: string | null, at: string | null}}} HandOver
 * @typedef {{code?: string, credential: string, number: string, name?: string}} Details
 */

/** @param {string} record */
const placeOf = (record) => `handover:${record}`;

/** This paper was noted on this phone already. */
export class NotedBefore extends Error {}

/**
 * Notes that a paper was handed over; it is on the disk when this resolves.
 * @param {string} code the text that was scanned @param {any} said what the code says, verified
 */
export function noteHandOver(code, said) {
  // One window after the other, so that two of them do not note the same paper.
  return navigator.locks.request(`${LOCK}-note`, async () => {
    const credential = hex(said.credentialId);
    if (await isNoted(said)) throw new NotedBefore();
    const record = crypto.randomUUID();
    const { nonce, sealed } = await seal({ code, credential, number: said.number, name: said.name }, placeOf(record));
    const entry = { record, at: now(), day: today(), state: "waiting", nonce, sealed };
    await transact(["handovers"], "readwrite", (store) => done(store("handovers").add(entry)));
  });
}

/** Whether a paper waits to be sent from this phone, or was sent. @param {any} said */
export async function isNoted(said) {
  const credential = hex(said.credentialId);
  const noted = (await all()).filter((each) => each.state !== "refused");
  const details = await Promise.all(noted.map(detailsOf));
  return details.some((each) => each?.credential === credential);
}

/** @returns {Promise<HandOver[]>} the newest first */
export async function all() {
  const found = await transact(["handovers"], "readonly", (store) => done(store("handovers").getAll()));
  return found.sort((one, other) => other.at - one.at);
}

/** @param {HandOver} entry @returns {Promise<Details | null>} */
export async function detailsOf(entry) {
  try {
    return await unseal(entry, placeOf(entry.record));
  } catch (error) {
    if (error instanceof CannotOpen) return null;
    throw error;
  }
}

/** Takes a refused one off the list. @param {string} record */
export function forgetHandOver(record) {
  return transact(["handovers"], "readwrite", async (store) => {
    const entry = await done(store("handovers").get(record));
    if (entry && entry.state !== "waiting") await done(store("handovers").delete(record));
  });
}

/** Sends what waits. @returns {Promise<void>} throws as net.js does; what waits stays then */
export const sendHandOvers = inTurn(LOCK, async () => {
  if (!isThere()) return;
  for (;;) {
    const waiting = (await all()).filter((each) => each.state === "waiting").slice(-MOST_SENT);
    const opened = await Promise.all(waiting.map(async (entry) => ({ entry, details: await detailsOf(entry) })));
    const damaged = opened.filter(({ details }) => details === null).map(({ entry }) => entry);
    const sound = opened.filter(({ details }) => details !== null);
    await settle(damaged.map((entry) => ({ ...entry, state: "refused", told: { outcome: "damaged", number: null, at: null } })));
    if (!sound.length) break;
    const records = sound.map(({ entry, details }) =>
      ({ record: entry.record, code: details.code, at: new Date(entry.at).toISOString() }));
    const { outcomes } = await askCertificates("/v1/hand-overs", { records });
    const told = new Map(outcomes.map((/** @type {any} */ outcome) => [outcome.record, outcome]));
    // An answer that leaves one out would be asked for without end.
    if (sound.some(({ entry }) => !told.has(entry.record))) throw new Error("the answer lacks a hand-over");
    await settle(await Promise.all(sound.map(({ entry, details }) => settled(entry, details, told.get(entry.record)))));
  }
  await forgetOldest();
});

/** @param {HandOver} entry @param {Details} details @param {any} outcome @returns {Promise<HandOver>} */
async function settled(entry, details, outcome) {
  const { record, at, day } = entry;
  if (outcome.outcome === GIVEN) {
    const { nonce, sealed } = await seal({ credential: details.credential, number: details.number }, placeOf(record));
    return { record, at, day, state: "done", nonce, sealed };
  }
  const told = { outcome: outcome.outcome, number: outcome.valid_number, at: outcome.handed_over?.at || null };
  return { ...entry, state: "refused", told };
}

/** @param {HandOver[]} entries */
function settle(entries) {
  return transact(["handovers"], "readwrite", async (store) => {
    for (const entry of entries) {
      // Whoever signed out meanwhile took them along.
      if (await done(store("handovers").getKey(entry.record))) await done(store("handovers").put(entry));
    }
  });
}

async function forgetOldest() {
  const old = (await all()).filter((each) => each.state === "done").slice(MOST_REMEMBERED);
  for (const { record } of old) await forgetHandOver(record);
}

/** @param {Uint8Array} bytes */
function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
