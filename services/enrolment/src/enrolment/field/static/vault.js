// Seals what is personal: AES-256-GCM under a key that no script can read out and that signing out forgets.
import { done, read, transact } from "./database.js";

const NONCE_BYTES = 12;

/** Nothing can be sealed or opened: nobody is signed in on this phone. */
export class NoKey extends Error {}

/** The bytes were changed, belong to another record, or were sealed under a key that is forgotten. */
export class CannotOpen extends Error {}

/** Makes the key unless there is one; of two tabs that try, one wins. */
export async function makeKey() {
  const fresh = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  await transact(["meta"], "readwrite", async (store) => {
    if (!(await done(store("meta").get("vault")))) await done(store("meta").put(fresh, "vault"));
  });
}

/**
 * @param {any} value
 * @param {string} place what it is bound to: opened anywhere else it does not open
 * @returns {Promise<{nonce: Uint8Array, sealed: ArrayBuffer}>}
 */
export function seal(value, place) {
  return sealBytes(new TextEncoder().encode(JSON.stringify(value)), place);
}

/** @param {Uint8Array} bytes @param {string} place @returns {Promise<{nonce: Uint8Array, sealed: ArrayBuffer}>} */
export async function sealBytes(bytes, place) {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const sealed = await crypto.subtle.encrypt(parameters(nonce, place), await key(), bytes);
  return { nonce, sealed };
}

/**
 * @param {{nonce: Uint8Array, sealed: ArrayBuffer}} kept
 * @param {string} place
 * @returns {Promise<any>}
 */
export async function unseal(kept, place) {
  return JSON.parse(new TextDecoder().decode(await unsealBytes(kept, place)));
}

/** @param {{nonce: Uint8Array, sealed: ArrayBuffer}} kept @param {string} place @returns {Promise<Uint8Array>} */
export async function unsealBytes(kept, place) {
  const opener = await key();
  try {
    return new Uint8Array(await crypto.subtle.decrypt(parameters(kept.nonce, place), opener, kept.sealed));
  } catch (error) {
    throw new CannotOpen(place);
  }
}

/** @returns {Promise<CryptoKey>} */
async function key() {
  const found = await read("vault");
  if (!found) throw new NoKey();
  return found;
}

/** @param {Uint8Array} nonce @param {string} place */
function parameters(nonce, place) {
  return { name: "AES-GCM", iv: nonce, additionalData: new TextEncoder().encode(place) };
}
