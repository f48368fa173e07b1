// What came of calls: sealed here under an id of its own, sent once there is a network. The server counts each id
// once, so a lost answer or a killed app records nothing twice. Nothing here knows what somebody answered.
import { isPassing, pause, pauseFor } from "./backoff.js";
import { today } from "./clock.js";
import { done, transact } from "./database.js";
import { Refused, jsonBody } from "./net.js";
import { askSigned } from "./session.js";
import { keepSheetsApart } from "./sheet_moment.js";
import { inTurn } from "./turns.js";
import { CannotOpen, seal, unseal } from "./vault.js";

const LOCK = "mitra-field-outcomes";
const MOST_SENT = 100;
const ATTEMPTS = 6;
const NOBODY = new Set([404, 422]);
const DAMAGED = { type: "damaged" };
const STILL_ENROLLED = { type: "still-enrolled" };

/**
 * @typedef {"reached" | "not_reached" | "call_later" | "wrong_number" | "asked_to_stop"} Outcome
 * @typedef {{contact: string, state: "waiting" | "refused", nonce: Uint8Array, sealed: ArrayBuffer,
 *   problem?: {type: string}}} Row
 */

/** @param {string} contact */
const placeOf = (contact) => `outcome:${contact}`;

/**
 * Notes what came of a call; it is on the disk when this resolves.
 * @param {import("./calls.js").Call} call
 * @param {{outcome: Outcome, callOn: string | null, preferredTime: string | null}} said
 * @returns {Promise<"noted" | "before" | "gone">} "before": another tap or window has noted it; "gone": its list is no
 *   longer there, because the day is over
 */
export async function noteOutcome({ key, contact, person }, { outcome, callOn, preferredTime }) {
  const day = today();
  const told = {
    mitra_id: person.mitra, round: person.round, day, outcome, call_on: callOn, preferred_time: preferredTime,
  };
  const { nonce, sealed } = await seal(told, placeOf(contact));
  return transact(["calls", "outcomes"], "readwrite", async (store) => {
    const row = await done(store("calls").get(key));
    if (!row) return "gone";
    if (row.contact !== contact || row.state !== "open") return "before";
    await done(store("calls").put(after(row, outcome)));
    await done(store("outcomes").add({ contact, state: "waiting", nonce, sealed }));
    return "noted";
  });
}

/** @param {any} row @param {Outcome} outcome */
function after(row, outcome) {
  // Of whoever asked to stop, name and phone are not kept until the evening.
  const { nonce, sealed, ...rest } = row;
  if (outcome === "asked_to_stop") return { ...rest, state: "done" };
  return { ...row, state: outcome === "not_reached" ? "tried" : "done" };
}

/** @returns {Promise<{waiting: number, refused: Row[]}>} */
export function outcomesHere() {
  return transact(["outcomes"], "readonly", async (store) => ({
    waiting: await done(store("outcomes").index("by_state").count("waiting")),
    refused: await done(store("outcomes").index("by_state").getAll("refused")),
  }));
}

/** @param {Row} row @returns {Promise<any>} what was noted; null where it cannot be opened any more */
export async function notedIn(row) {
  try {
    return await unseal(row, placeOf(row.contact));
  } catch (error) {
    if (error instanceof CannotOpen) return null;
    throw error;
  }
}

/** Takes a refused one off the list. @param {string} contact */
export function forgetOutcome(contact) {
  return transact(["outcomes"], "readwrite", async (store) => {
    const row = await done(store("outcomes").get(contact));
    if (row?.state === "refused") await done(store("outcomes").delete(contact));
  });
}

/** Sends what waits, tried once: somebody looks on. @returns {Promise<void>} throws as net.js does; what waits stays then */
export const sendOutcomesOnce = inTurn(LOCK, async () => {
  let batch = MOST_SENT;
  for (let contacts; (contacts = await opened(batch)).length; ) {
    try {
      await settle(contacts, await withdrawn(contacts, await send(contacts)));
    } catch (error) {
      if (!(error instanceof Refused && error.isAboutTheBody)) throw error;
      // One that the server cannot read keeps none of the others here.
      const [first] = contacts;
      if (contacts.length === 1) await settle(contacts, await withdrawn(contacts, [refusal(first.contact_id, error.problem)]));
      batch = Math.max(1, Math.floor(contacts.length / 2));
    }
  }
});

let isPersisting = false;

/** Sends what waits, and tries again for a while where that may help. @returns {Promise<void>} throws as net.js does; what waits stays then */
export async function sendOutcomes() {
  if (isPersisting) return sendOutcomesOnce();
  isPersisting = true;
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await sendOutcomesOnce();
      } catch (error) {
        if (!isPassing(error) || attempt === ATTEMPTS) throw error;
        await pause(pauseFor(error, attempt));
      }
    }
  } finally {
    isPersisting = false;
  }
}

/** @param {number} most @returns {Promise<any[]>} as the server takes them */
async function opened(most) {
  const rows = await transact(["outcomes"], "readonly", (store) =>
    done(store("outcomes").index("by_state").getAll("waiting", most)));
  const found = await Promise.all(rows.map(async (row) => ({ contact_id: row.contact, noted: await notedIn(row) })));
  const damaged = found.filter(({ noted }) => noted === null);
  if (damaged.length) await settle(damaged, damaged.map((each) => refusal(each.contact_id, DAMAGED)));
  return found.filter(({ noted }) => noted !== null).map(({ contact_id, noted }) => ({ contact_id, ...noted }));
}

/** @param {any[]} contacts @returns {Promise<any[]>} what is told of each */
async function send(contacts) {
  // Before the request: what is sent of answers is far from it in time, also where the app is killed now.
  await keepSheetsApart();
  const answer = await askSigned("/v1/contacts", await jsonBody({ contacts }));
  const told = (await answer.json()).contacts;
  const known = new Set(told.map((/** @type {any} */ each) => each.contact_id));
  // An answer that leaves one out would be asked for without end.
  if (contacts.some((each) => !known.has(each.contact_id))) throw new Error("the answer lacks a contact");
  return told;
}

/**
 * Whoever asked to stop is withdrawn, also where the contact itself is refused, such as one of a day too long ago.
 * @param {any[]} contacts @param {any[]} told @returns {Promise<any[]>} what is told of each then
 */
async function withdrawn(contacts, told) {
  const asked = new Map(contacts.filter((each) => each.outcome === "asked_to_stop")
    .map((each) => [each.contact_id, each.mitra_id]));
  const settled = [];
  for (const each of told) {
    const mitra = each.status === "refused" ? asked.get(each.contact_id) : undefined;
    if (mitra === undefined) settled.push(each);
    else if (await withdraw(mitra)) settled.push({ ...each, status: "known" });
    else settled.push(refusal(each.contact_id, STILL_ENROLLED));
  }
  return settled;
}

/** @param {string} mitra @returns {Promise<boolean>} false: the server knows nobody of this id in the constituency */
async function withdraw(mitra) {
  try {
    await askSigned(`/v1/mitras/${encodeURIComponent(mitra)}/withdrawal`, { method: "POST" });
    return true;
  } catch (error) {
    if (error instanceof Refused && NOBODY.has(error.status)) return false;
    throw error;
  }
}

/** @param {string} contact @param {any} problem */
function refusal(contact, problem) {
  return { contact_id: contact, status: "refused", problem };
}

/** @param {{contact_id: string}[]} sent @param {any[]} told */
function settle(sent, told) {
  const ours = new Set(sent.map((each) => each.contact_id));
  return transact(["outcomes"], "readwrite", async (store) => {
    for (const { contact_id: contact, status, problem } of told) {
      const row = await done(store("outcomes").get(contact));
      if (!row || !ours.has(contact)) continue;
      if (status !== "refused") await done(store("outcomes").delete(contact));
      else await done(store("outcomes").put({ ...row, state: "refused", problem: { type: String(problem?.type) } }));
    }
  });
}
