// Half-filled forms, sealed under the key of the record they are to become. A draft goes in the transaction that
// stores its record, and with the key when somebody signs out.
import { now } from "./clock.js";
import { done, transact } from "./database.js";
import { dropWithForm } from "./paper_photos.js";
import { CannotOpen, seal, unseal } from "./vault.js";

const MOST = 50;
const LETTING_GO_MS = 1_000;
const LOCK = "mitra-field-draft-";

let current = "";
let letGo = () => {};
/** Keys whose lock this window has let go, and still has for a moment. @type {Set<string>} */
const lettingGo = new Set();

/** There are as many as are kept: some have to be finished or dropped first. */
export class TooManyDrafts extends Error {}

/** @param {string} key */
const placeOf = (key) => `draft:${key}`;

/**
 * Keeps a draft, unless its record has been stored.
 * @param {string} key of the record that it is to become @param {any} values
 */
export async function keepDraft(key, values) {
  const { nonce, sealed } = await seal(values, placeOf(key));
  await transact(["meta", "records", "drafts"], "readwrite", async (store) => {
    const isStored = (await done(store("meta").get("stored"))) === key
      || (await done(store("records").index("by_key").getKey(key))) !== undefined;
    if (isStored) return;
    const isNew = (await done(store("drafts").getKey(key))) === undefined;
    if (isNew && (await done(store("drafts").count())) >= MOST) throw new TooManyDrafts();
    await done(store("drafts").put({ key, at: now(), nonce, sealed }));
  });
}

/** The form of this window is that of `key` from now on: no other window offers its draft. @param {string} key */
export function hold(key) {
  letGo();
  current = key;
  const over = new Promise((resolve) => {
    letGo = () => {
      lettingGo.add(key);
      resolve(undefined);
    };
  });
  navigator.locks.request(LOCK + key, () => over).then(() => lettingGo.delete(key));
}

/** @typedef {{key: string, at: number, values: any}} Draft */

/** @returns {Promise<Draft[]>} those that stand in no window's form, the one typed in last first */
export async function drafts() {
  // Remembered before: one may be let go while it is asked which are held.
  const leaving = new Set(lettingGo);
  const held = await heldKeys();
  return (await all()).filter(({ key }) => key !== current && (leaving.has(key) || !held.has(key)));
}

/** @returns {Promise<Set<string>>} keys that stand in some window's form */
async function heldKeys() {
  const { held } = await navigator.locks.query();
  return new Set(held.filter(({ name }) => name.startsWith(LOCK)).map(({ name }) => name.slice(LOCK.length)));
}

/** @returns {Promise<Draft | null>} the one typed in last, unless another window has it open */
export async function newestDraft() {
  const [newest] = await all();
  if (!newest) return null;
  if (!(await heldKeys()).has(newest.key)) return newest;
  const stop = new AbortController();
  // A window that was reloaded lets go in a moment; one that is open does not.
  const timer = setTimeout(() => stop.abort(), LETTING_GO_MS);
  try {
    return await navigator.locks.request(LOCK + newest.key, { signal: stop.signal }, () => newest);
  } catch (error) {
    if (/** @type {Error} */ (error).name !== "AbortError") throw error;
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/** All of them; one that cannot be opened is dropped. @returns {Promise<Draft[]>} */
async function all() {
  const kept = await transact(["drafts"], "readonly", (store) => done(store("drafts").getAll()));
  const opened = [];
  for (const { key, at, nonce, sealed } of kept.sort((one, other) => other.at - one.at)) {
    try {
      opened.push({ key, at, values: await unseal({ nonce, sealed }, placeOf(key)) });
    } catch (error) {
      if (!(error instanceof CannotOpen)) throw error;
      await dropDraft(key);
    }
  }
  return opened;
}

/** A draft, and the photo of its paper. @param {string} key */
export function dropDraft(key) {
  return transact(["drafts", "photos"], "readwrite", async (store) => {
    await done(store("drafts").delete(key));
    await dropWithForm(store, key);
  });
}
