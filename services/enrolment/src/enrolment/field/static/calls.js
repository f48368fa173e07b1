// Who is to be called today: a list that was taken while there was a network, sealed, and forgotten when its day is
// over. The list says nothing of what came of a call; that is in outcomes.js.
import { now, today } from "./clock.js";
import { done, transact, write } from "./database.js";
import { jsonBody } from "./net.js";
import { askSigned } from "./session.js";
import { CannotOpen, seal, unseal } from "./vault.js";

const LOCK = "mitra-field-calls";
const MOST_ASKED = 200;

/**
 * `contact` is the id of the outcome that this call is to have; "tried" may be called again today.
 * @typedef {{mitra: string, name: string, phone: string, segment: string, language: string, preferredTime: string | null,
 *   lastContact: string | null, lastOutcome: string | null, callOn: string | null, round: string}} Person
 * @typedef {{key: string, contact: string, day: string, order: number, state: "open" | "tried" | "done",
 *   nonce?: Uint8Array, sealed?: ArrayBuffer}} Row
 * @typedef {Row & {person: Person}} Call
 */

/** @param {string} key */
const placeOf = (key) => `call:${key}`;

/**
 * Adds up to `wanted` people who are due to today's list, in one window at a time.
 * @param {string} round @param {number} wanted
 * @returns {Promise<number>} how many came; throws as net.js does, and nothing is taken then
 */
export function takeList(round, wanted) {
  return navigator.locks.request(LOCK, async () => {
    const known = new Set((await todaysCalls()).map(({ person }) => person.mitra));
    const { due } = await askDue(round, Math.min(MOST_ASKED, wanted + known.size));
    const fresh = due.filter((/** @type {any} */ each) => !known.has(each.mitra_id)).slice(0, wanted);
    if (!fresh.length) return 0;
    const body = await jsonBody({ mitra_ids: fresh.map((/** @type {any} */ each) => each.mitra_id) });
    const { people } = await (await askSigned(`/v1/rounds/${encodeURIComponent(round)}/calls`, body)).json();
    const named = new Map(people.map((/** @type {any} */ each) => [each.mitra_id, each]));
    // Whoever withdrew between the two answers is left out.
    const there = fresh.filter((/** @type {any} */ each) => named.has(each.mitra_id));
    const rows = await Promise.all(there.map(async (/** @type {any} */ each) => {
      const key = crypto.randomUUID();
      const sealed = await seal(personOf(round, each, named.get(each.mitra_id)), placeOf(key));
      return { key, contact: crypto.randomUUID(), day: today(), state: "open", ...sealed };
    }));
    return transact(["meta", "calls"], "readwrite", async (store) => {
      // Whoever signed out meanwhile took the key along.
      if (!(await done(store("meta").get("vault")))) return 0;
      const first = (await last(store)) + 1;
      for (const [index, row] of rows.entries()) await done(store("calls").add({ ...row, order: first + index }));
      return rows.length;
    });
  });
}

/** Asks how many of one's own people are due, and keeps that. @param {string} round */
export async function lookAtDue(round) {
  await askDue(round, 1);
}

/** @returns {Promise<Call[]>} those of today, in their order */
export async function todaysCalls() {
  const day = today();
  const rows = await transact(["calls"], "readonly", (store) => done(store("calls").getAll()));
  const calls = [];
  for (const row of rows.filter((each) => each.day === day && each.sealed)) {
    try {
      calls.push({ ...row, person: await unseal(row, placeOf(row.key)) });
    } catch (error) {
      if (!(error instanceof CannotOpen)) throw error;
      await transact(["calls"], "readwrite", (store) => done(store("calls").delete(row.key)));
    }
  }
  return calls.sort((one, other) => one.order - other.order);
}

/** Deletes names and phones of lists of other days. */
export function forgetEarlierDays() {
  const day = today();
  return transact(["calls"], "readwrite", async (store) => {
    for (const row of await done(store("calls").getAll())) {
      if (row.day !== day) await done(store("calls").delete(row.key));
    }
  });
}

/** Somebody else first. @param {Call} call */
export function putOff({ key }) {
  return transact(["calls"], "readwrite", async (store) => {
    const row = await done(store("calls").get(key));
    if (row) await done(store("calls").put({ ...row, order: (await last(store)) + 1 }));
  });
}

/** Calls somebody again who was not reached before: that has an outcome of its own. @param {Call} call */
export function callAgain({ key }) {
  return transact(["calls"], "readwrite", async (store) => {
    const row = await done(store("calls").get(key));
    if (row?.state !== "tried") return;
    await done(store("calls").put({ ...row, state: "open", contact: crypto.randomUUID(), order: (await first(store)) - 1 }));
  });
}

/** @param {string} round @param {number} limit */
async function askDue(round, limit) {
  const told = await (await askSigned(`/v1/rounds/${encodeURIComponent(round)}/due?limit=${limit}`)).json();
  await write("due", { round, count: told.count, at: now() });
  return told;
}

/** @param {string} round @param {any} due @param {any} named @returns {Person} */
function personOf(round, due, { name, phone }) {
  return {
    mitra: due.mitra_id, name, phone, segment: due.segment, language: due.language, preferredTime: due.preferred_time,
    lastContact: due.last_contact, lastOutcome: due.last_outcome, callOn: due.call_on, round,
  };
}

/** @param {(name: string) => IDBObjectStore} store */
async function orders(store) {
  return (await done(store("calls").getAll())).map((row) => row.order);
}

/** @param {(name: string) => IDBObjectStore} store */
async function last(store) {
  return Math.max(0, ...(await orders(store)));
}

/** @param {(name: string) => IDBObjectStore} store */
async function first(store) {
  return Math.min(0, ...(await orders(store)));
}
