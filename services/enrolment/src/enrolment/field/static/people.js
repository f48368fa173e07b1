// Who was enrolled from this phone, and how their certificates stand. Name and id lie sealed. The name goes once the
// paper is in the person's hands, and everything personal goes once the certificate is revoked.
import { now } from "./clock.js";
import { askCertificates, isThere } from "./certificates.js";
import { done, read, transact } from "./database.js";
import { inTurn } from "./turns.js";
import { CannotOpen, seal, unseal } from "./vault.js";

const MOST_ASKED = 200;
const LOCK = "mitra-field-certificates";
const FRESH_MS = 10 * 60_000;

/**
 * @typedef {"unknown" | "waiting" | "issued" | "handed_over" | "revoked"} State
 * @typedef {{key: string, day: string, state: State, nonce?: Uint8Array, sealed?: ArrayBuffer}} Person
 * @typedef {{mitra: string, name?: string, number?: string}} Details
 */

/** @param {string} key */
const placeOf = (key) => `person:${key}`;

/** @param {string} key of the record @param {string} mitra @param {string} name */
export function sealedPerson(key, mitra, name) {
  return seal({ mitra, name }, placeOf(key));
}

/** @returns {Promise<{people: Person[], at: number | undefined}>} newest day first, and when certificates were asked for */
export async function enrolledHere() {
  const people = await transact(["people"], "readonly", (store) => done(store("people").getAll()));
  people.sort((one, other) => (one.day < other.day ? 1 : -1));
  return { people, at: await read("asked") };
}

/** @param {Person} person @returns {Promise<Details | null>} null where nothing is kept of the person any more */
export async function detailsOf(person) {
  if (!person.sealed) return null;
  try {
    return await unseal({ nonce: person.nonce, sealed: person.sealed }, placeOf(person.key));
  } catch (error) {
    if (error instanceof CannotOpen) return null;
    throw error;
  }
}

const lookIfOld = inTurn(LOCK, () => look(FRESH_MS));
const lookAgain = inTurn(LOCK, () => look(0));

/**
 * Asks how the certificates stand, and keeps that.
 * @param {{again: boolean}} how `again`: also where the last answer is fresh
 * @returns {Promise<void>} throws as net.js does where the service cannot be asked; what was told before stays
 */
export function lookAtCertificates({ again }) {
  return again ? lookAgain() : lookIfOld();
}

/** @param {number} freshMs how long an answer is good enough */
async function look(freshMs) {
  const { people, at } = await enrolledHere();
  const begun = now();
  const isFresh = at !== undefined && Math.abs(begun - at) < freshMs;
  if (!isThere() || !people.length || isFresh) return;
  const open = [];
  for (const person of people) {
    const details = await detailsOf(person);
    if (details !== null) open.push({ person, details });
  }
  for (let from = 0; from < open.length; from += MOST_ASKED) await ask(open.slice(from, from + MOST_ASKED));
  await transact(["meta"], "readwrite", (store) => done(store("meta").put(begun, "asked")));
}

/** @param {{person: Person, details: Details}[]} some */
async function ask(some) {
  const { certificates } = await askCertificates("/v1/certificates/states", { mitras: some.map(({ details }) => details.mitra) });
  const byMitra = new Map(certificates.map((/** @type {any} */ told) => [told.mitra_id, told]));
  const changed = [];
  for (const { person, details } of some) {
    const told = byMitra.get(details.mitra);
    // Who was enrolled a moment ago may not have arrived there.
    if (told !== undefined) changed.push(await asTold(person, details, told));
  }
  await transact(["people"], "readwrite", async (store) => {
    for (const person of changed) {
      // Whoever signed out meanwhile took them along.
      if (await done(store("people").getKey(person.key))) await done(store("people").put(person));
    }
  });
}

/** @param {Person} person @param {Details} details @param {any} told @returns {Promise<Person>} */
async function asTold({ key, day }, { mitra, name }, { state, number }) {
  if (state === "revoked") return { key, day, state };
  const kept = state === "handed_over" ? { mitra, number } : { mitra, name, number };
  return { key, day, state, ...(await seal(kept, placeOf(key))) };
}
