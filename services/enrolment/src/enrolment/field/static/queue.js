// The queue: records get a number and are stored in one transaction; they go only when a receipt covers them.
import { done, transact } from "./database.js";
import { today } from "./clock.js";
import { photosLeft, placeOfName, settleWithRecord, storeWithRecord } from "./paper_photos.js";
import { covers } from "./receipt.js";
import { CannotOpen, seal, unseal } from "./vault.js";

const ATTEMPTS = 50;
const TOO_MANY = 429;
const SERVER_ERROR = 500;
const SETTLED = new Set([201, 410]);
const ROLE_ENDED = "urn:mitra:problem:role-ended";
const OUTDATED = new Set(["urn:mitra:problem:outdated-notice", "urn:mitra:problem:notice-differs"]);
const NUMBER_TAKEN = "urn:mitra:problem:record-number-taken";

/**
 * @typedef {{number: number, key: string, day: string, nonce: Uint8Array, sealed: ArrayBuffer,
 *   state: "waiting" | "refused" | "unreadable", problem?: {type: string, fields: string[]}}} Record
 * @typedef {{id: string, last: number}} Device
 */

/** @param {Device} device @param {number} number */
const placeOf = (device, number) => `${device.id}:${number}`;

/**
 * Stores one enrolment under the next number. Twice with the same key it is stored once.
 * Its draft goes in the same transaction, and the photo of its paper waits with it.
 * @param {any} enrolment
 * @param {string} key
 * @param {string | null} replaces key of the refused record that this one mends
 * @returns {Promise<void>}
 */
export async function add(enrolment, key, replaces = null) {
  // Sealing cannot be waited for inside a transaction: it is done for the number that comes next, and again if
  // another tab took that meanwhile.
  const name = await seal({ name: enrolment.name }, placeOfName(key));
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const device = await ownDevice();
    const number = device.last + 1;
    const { nonce, sealed } = await seal(enrolment, placeOf(device, number));
    const record = { number, key, day: today(), nonce, sealed, state: "waiting" };
    const stored = await transact(["meta", "records", "days", "drafts", "photos"], "readwrite", async (store) => {
      const [records, meta] = [store("records"), store("meta")];
      const known = (await done(records.index("by_key").getKey(key))) !== undefined;
      const isStored = known || (await done(meta.get("stored"))) === key;
      const now = await deviceIn(store);
      if (!isStored && (now.id !== device.id || now.last !== device.last)) return false;
      await done(store("drafts").delete(key));
      if (isStored) return true;
      await putDevice(store, { id: device.id, last: number });
      await done(meta.put(key, "stored"));
      await done(records.add(record));
      // By key: numbers change where records move to a fresh device.
      const mended = replaces === null ? undefined : await done(records.index("by_key").getKey(replaces));
      if (mended !== undefined) await done(records.delete(mended));
      await storeWithRecord(store, key, replaces, enrolment.consent.manner === "signed_paper", name);
      await count(store, record.day, { made: replaces === null ? 1 : 0 });
      return true;
    });
    if (stored) return;
  }
  throw new Error("other tabs store records faster than this one can");
}

/** @returns {Promise<Device>} */
export function ownDevice() {
  return transact(["meta"], "readonly", deviceIn);
}

/**
 * Up to `most` records that wait, oldest first and opened, and the highest number ever given.
 * @param {number} most
 * @param {Set<number>} notNow
 */
export async function waiting(most, notNow) {
  const { device, records } = await transact(["meta", "records"], "readonly", async (store) => ({
    device: await deviceIn(store),
    records: await done(store("records").index("by_state").getAll(range("waiting"), most + notNow.size)),
  }));
  const opened = [];
  for (const record of records) {
    if (notNow.has(record.number) || opened.length === most) continue;
    try {
      const enrolment = await unseal(record, placeOf(device, record.number));
      opened.push({ number: record.number, idempotency_key: record.key, enrolment });
    } catch (error) {
      if (!(error instanceof CannotOpen)) throw error;
      await setState(record.number, "unreadable");
    }
  }
  return { device, records: opened };
}

/**
 * Takes in what was answered, all of it or nothing. A record goes if it was enrolled and the receipt covers it.
 * @param {Device} device
 * @param {{number: number, idempotency_key: string}[]} sent
 * @param {{status: number, body: any}[]} outcomes
 * @param {{token: string, claims: import("./receipt.js").Claims}} receipt
 * @param {any} last sealed, of the person enrolled last
 * @param {Map<number, any>} people sealed, those enrolled whose certificates are looked for, by index
 * @returns {Promise<{passing: number[], isTaken: boolean, isBarred: boolean, isOutdated: boolean}>} numbers to send
 *   again later; whether numbers clash; whether the person may no longer enrol here; whether the notice has changed
 */
export function takeIn(device, sent, outcomes, receipt, last, people) {
  return transact(["meta", "records", "days", "people", "photos"], "readwrite", async (store) => {
    const passing = [];
    let [isTaken, isBarred, isOutdated] = [false, false, false];
    if ((await deviceIn(store)).id !== device.id) return { passing, isTaken, isBarred, isOutdated };
    await done(store("meta").put(receipt, "receipt"));
    if (last) await done(store("meta").put(last, "last"));
    for (const [index, { number, idempotency_key: key }] of sent.entries()) {
      const record = await done(store("records").get(number));
      const { status, body } = outcomes[index];
      if (!record || record.key !== key || record.state !== "waiting") continue;
      if (body.type === ROLE_ENDED) isBarred = true;
      if (body.type === NUMBER_TAKEN) isTaken = true;
      else if (status === TOO_MANY || status >= SERVER_ERROR || !covers(receipt.claims, number)) passing.push(number);
      else if (SETTLED.has(status)) {
        await done(store("records").delete(number));
        await settleWithRecord(store, key, status, body);
        await count(store, record.day, { enrolled: 1 });
        if (people.has(index)) await done(store("people").put({ key, day: record.day, state: "unknown", ...people.get(index) }));
      } else {
        isOutdated ||= OUTDATED.has(body.type);
        const fields = (body.errors || []).map((/** @type {{field: string}} */ error) => error.field);
        await done(store("records").put({ ...record, state: "refused", problem: { type: body.type, fields } }));
        await count(store, record.day, { refused: 1 });
      }
    }
    return { passing, isTaken, isBarred, isOutdated };
  });
}

/**
 * Goes on under a fresh device id, with the keys the records have: the server knows other records under these
 * numbers, since the store of this phone was set back, or copied to another.
 */
export async function moveToFreshDevice() {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await transact(["meta", "records"], "readonly", async (store) => ({
      device: await deviceIn(store),
      records: await done(store("records").getAll()),
    }));
    const device = { id: crypto.randomUUID(), last: 0 };
    const moved = [];
    for (const record of before.records) {
      const number = ++device.last;
      moved.push({ ...record, number, ...(await resealed(record, before.device, placeOf(device, number))) });
    }
    const isDone = await transact(["meta", "records"], "readwrite", async (store) => {
      const now = await deviceIn(store);
      if (now.id !== before.device.id || now.last !== before.device.last) return false;
      await done(store("records").clear());
      for (const record of moved) await done(store("records").add(record));
      await putDevice(store, device);
      await done(store("meta").delete("receipt"));
      return true;
    });
    if (isDone) return;
  }
  throw new Error("other tabs store records faster than this one can move them");
}

/**
 * What changes of a record that moves. One that cannot be opened moves too, so that it is seen to be missing.
 * @param {Record} record @param {Device} device @param {string} place
 */
async function resealed(record, device, place) {
  try {
    return { state: "waiting", ...(await seal(await unseal(record, placeOf(device, record.number)), place)) };
  } catch (error) {
    if (!(error instanceof CannotOpen)) throw error;
    return { state: "unreadable" };
  }
}

/** @returns {Promise<{waiting: number, refused: Record[], unreadable: Record[], photos: {waiting: number,
 *   refused: import("./paper_photos.js").Photo[]}, days: any[], receipt: any, device: Device}>} */
export function standing() {
  return transact(["meta", "records", "days", "photos"], "readonly", async (store) => ({
    waiting: await done(store("records").index("by_state").count(range("waiting"))),
    refused: await done(store("records").index("by_state").getAll(range("refused"))),
    unreadable: await done(store("records").index("by_state").getAll(range("unreadable"))),
    photos: await photosLeft(store),
    days: (await done(store("days").getAll())).reverse(),
    receipt: await done(store("meta").get("receipt")),
    device: await deviceIn(store),
  }));
}

/** @param {Record} record @returns {Promise<any>} */
export async function enrolmentOf(record) {
  return unseal(record, placeOf(await ownDevice(), record.number));
}

/** Whether a record was refused since the person had agreed to a notice that is no longer taken. @param {Record} record */
export function isOutdated(record) {
  return OUTDATED.has(record.problem?.type);
}

/** Drops a record that the server refused, with the photo of its paper. @param {number} number */
export function drop(number) {
  return transact(["records", "photos"], "readwrite", async (store) => {
    const record = await done(store("records").get(number));
    if (!record || record.state === "waiting") return;
    await done(store("records").delete(number));
    await done(store("photos").delete(record.key));
  });
}

/** @param {number} number @param {string} state */
function setState(number, state) {
  return transact(["records"], "readwrite", async (store) => {
    const record = await done(store("records").get(number));
    if (record) await done(store("records").put({ ...record, state }));
  });
}

/** @param {(name: string) => IDBObjectStore} store @returns {Promise<Device>} */
async function deviceIn(store) {
  const [staff, devices] = [await done(store("meta").get("staff")), await done(store("meta").get("devices"))];
  return devices[staff.id];
}

/** @param {(name: string) => IDBObjectStore} store @param {Device} device */
async function putDevice(store, device) {
  const [staff, devices] = [await done(store("meta").get("staff")), await done(store("meta").get("devices"))];
  await done(store("meta").put({ ...devices, [staff.id]: device }, "devices"));
}

/** @param {(name: string) => IDBObjectStore} store @param {string} day @param {Object<string, number>} more */
async function count(store, day, more) {
  const counted = (await done(store("days").get(day))) || { day, made: 0, enrolled: 0, refused: 0 };
  for (const [what, number] of Object.entries(more)) counted[what] += number;
  await done(store("days").put(counted));
}

/** @param {string} state */
function range(state) {
  return IDBKeyRange.bound([state, 0], [state, Infinity]);
}
