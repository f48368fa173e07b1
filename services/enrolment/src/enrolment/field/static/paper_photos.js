// Photos of signed papers on this phone, sealed, each under the key of its record. One goes with the form, then waits
// for its record to be enrolled, then to be sent (photo_sending.js), and is deleted once the server has it.
//
//   form -> waiting -> ready -> (gone)
//                            -> refused -> ready, when the paper is photographed again
import { now, today } from "./clock.js";
import { done, transact } from "./database.js";
import { CannotOpen, sealBytes, unsealBytes } from "./vault.js";

const MOST = 500;
const ENROLLED = 201;
const ERASED = "urn:mitra:problem:erased";
const UNREADABLE = "urn:mitra:problem:unreadable";
const FORGOTTEN_FORM_MS = 86_400_000;

/** As many photos lie here as may: some have to be sent first. */
export class TooManyPhotos extends Error {}

/**
 * @typedef {{record: string, id: string, state: "form" | "waiting" | "ready" | "refused", turn: number, day: string,
 *   nonce: Uint8Array, sealed: ArrayBuffer, name?: {nonce: Uint8Array, sealed: ArrayBuffer}, mitra?: string,
 *   problem?: {type: string}}} Photo
 */

/** @param {string} id of the photo */
const placeOf = (id) => `photo:${id}`;

/** What the name that goes with a photo is bound to. @param {string} record */
export const placeOfName = (record) => `photo-name:${record}`;

/**
 * Keeps the photo of the paper of a record: with its form, or in the place of one that the server refused.
 * @param {string} record key of the record @param {Uint8Array} bytes
 */
export async function keepPhoto(record, bytes) {
  const id = crypto.randomUUID();
  const sealed = await sealBytes(bytes, placeOf(id));
  await transact(["photos"], "readwrite", async (store) => {
    const photos = store("photos");
    const before = await done(photos.get(record));
    if (!before && (await done(photos.count())) >= MOST) throw new TooManyPhotos();
    const { problem, ...kept } = before || { record, state: "form" };
    const state = kept.state === "refused" && kept.mitra ? "ready" : kept.state;
    await done(photos.put({ ...kept, id, state, turn: now(), day: today(), ...sealed }));
  });
}

/** @param {(string | null)[]} records keys, the first that has a photo counts @returns {Promise<Uint8Array | null>} */
export async function photoOf(records) {
  for (const record of records) {
    if (record === null) continue;
    const kept = await transact(["photos"], "readonly", (store) => done(store("photos").get(record)));
    if (!kept) continue;
    try {
      return await unsealBytes(kept, placeOf(kept.id));
    } catch (error) {
      if (!(error instanceof CannotOpen)) throw error;
    }
  }
  return null;
}

/** @param {(string | null)[]} records keys */
export function dropPhotos(records) {
  return transact(["photos"], "readwrite", async (store) => {
    for (const record of records) if (record !== null) await done(store("photos").delete(record));
  });
}

/** Within the transaction that drops a form: its photo goes too. @param {(name: string) => IDBObjectStore} store @param {string} record */
export async function dropWithForm(store, record) {
  const photo = await done(store("photos").get(record));
  if (photo?.state === "form") await done(store("photos").delete(record));
}

/**
 * Within the transaction that stores a record: its photo waits with it, or that of the record it mends.
 * @param {(name: string) => IDBObjectStore} store @param {string} record @param {string | null} replaces
 * @param {boolean} isSigned whether the person signed on paper @param {any} name sealed
 */
export async function storeWithRecord(store, record, replaces, isSigned, name) {
  const photos = store("photos");
  const own = await done(photos.get(record));
  const earlier = replaces === null ? undefined : await done(photos.get(replaces));
  if (earlier) await done(photos.delete(replaces));
  if (isSigned && (own || earlier)) await done(photos.put({ ...(own || earlier), record, name, state: "waiting" }));
  else if (own) await done(photos.delete(record));
}

/**
 * Within the transaction that takes a record off the queue: its photo may be sent, or has nobody to belong to.
 * @param {(name: string) => IDBObjectStore} store @param {string} record @param {number} status @param {any} body
 */
export async function settleWithRecord(store, record, status, body) {
  const photo = await done(store("photos").get(record));
  if (!photo) return;
  if (status === ENROLLED) await done(store("photos").put({ ...photo, state: "ready", mitra: body.mitra_id }));
  else if (body.type === ERASED) await done(store("photos").delete(record));
  else await done(store("photos").put({ ...photo, state: "refused", problem: { type: body.type } }));
}

/** The next one to send, opened; null where none is ready. @returns {Promise<{photo: Photo, bytes: Uint8Array} | null>} */
export async function nextPhoto() {
  for (;;) {
    const [photo] = await transact(["photos"], "readonly", (store) =>
      done(store("photos").index("by_turn").getAll(range("ready"), 1)));
    if (!photo) return null;
    try {
      return { photo, bytes: await unsealBytes(photo, placeOf(photo.id)) };
    } catch (error) {
      if (!(error instanceof CannotOpen)) throw error;
      await refuse(photo, UNREADABLE);
    }
  }
}

/** The server has it. @param {Photo} photo */
export function sent(photo) {
  return change(photo, null);
}

/** The server will not take it. @param {Photo} photo @param {string} type of the problem */
export function refuse(photo, type) {
  return change(photo, { ...photo, state: "refused", problem: { type } });
}

/** The others come first, next time. @param {Photo} photo */
export function putBehind(photo) {
  return change(photo, { ...photo, turn: now() });
}

/** Changes a photo, or deletes it, unless another was taken meanwhile. @param {Photo} photo @param {Photo | null} changed */
function change(photo, changed) {
  return transact(["photos"], "readwrite", async (store) => {
    const kept = await done(store("photos").get(photo.record));
    if (kept?.id !== photo.id) return;
    await done(changed === null ? store("photos").delete(photo.record) : store("photos").put(changed));
  });
}

/**
 * What is not at the server yet, within a transaction.
 * @param {(name: string) => IDBObjectStore} store @returns {Promise<{waiting: number, refused: Photo[]}>}
 */
export async function photosLeft(store) {
  const photos = store("photos").index("by_turn");
  return {
    waiting: (await done(photos.count(range("waiting")))) + (await done(photos.count(range("ready")))),
    refused: await done(photos.getAll(range("refused"))),
  };
}

/** Deletes photos of forms that nobody goes on with: the app was killed before their drafts were kept. */
export function dropForgotten() {
  return transact(["photos", "drafts"], "readwrite", async (store) => {
    const old = IDBKeyRange.bound(["form", -Infinity], ["form", now() - FORGOTTEN_FORM_MS]);
    for (const record of await done(store("photos").index("by_turn").getAllKeys(old))) {
      if ((await done(store("drafts").getKey(record))) === undefined) await done(store("photos").delete(record));
    }
  });
}

/** @param {string} state */
function range(state) {
  return IDBKeyRange.bound([state, -Infinity], [state, Infinity]);
}
