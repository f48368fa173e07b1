// The certificates service as this phone reaches it: the app asks it itself, with the token of the session.
import { Held } from "./certificate/held.js";
import { Unreachable } from "./net.js";
import { askSigned } from "./session.js";

/** Its origin; "" where this app does without it. */
const address = /** @type {HTMLMetaElement} */ (document.querySelector('meta[name="certificates"]')).content;

/** Keys and status lists of the issuer, kept for days without a network. */
export const held = new Held(address);

/** Whether certificates are any business of this app. */
export function isThere() {
  return address !== "";
}

/** @param {string} path @param {any} body @returns {Promise<any>} what it answers */
export async function askCertificates(path, body) {
  const init = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await askSigned(address + path, init);
  try {
    return await answer.json();
  } catch (error) {
    throw new Unreachable("something else than the certificates service answered");
  }
}
