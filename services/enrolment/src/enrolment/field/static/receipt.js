// Receipts of the server: which numbers of this device have an outcome there. Nothing is deleted on an unsigned word.
import { read, write } from "./database.js";
import { ask } from "./net.js";

const KEYS = "/.well-known/jwks.json";
const TYPE = "mitra-device-receipt+jwt";

/**
 * @typedef {{device: string, staff: string, gapless: number, highest: number, missing: [number, number][],
 *   listed_to: number, count: number, at: number}} Claims
 */

/** The receipt is not signed by the server, or is not for this device. */
export class BadReceipt extends Error {}

/**
 * What a receipt says, once its signature is verified.
 * @param {string} token
 * @param {string} device
 * @returns {Promise<Claims>}
 */
export async function readReceipt(token, device) {
  const [head, body, signature, ...more] = token.split(".");
  if (!signature || more.length) throw new BadReceipt("not a compact JWS");
  const header = JSON.parse(new TextDecoder().decode(bytes(head)));
  if (header.alg !== "ES256" || header.typ !== TYPE) throw new BadReceipt("not a receipt");
  const key = await crypto.subtle.importKey(
    "jwk", await keyOf(header.kid), { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"],
  );
  const signed = new TextEncoder().encode(`${head}.${body}`);
  const isGenuine = await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, bytes(signature), signed);
  if (!isGenuine) throw new BadReceipt("the signature is not the server's");
  const claims = JSON.parse(new TextDecoder().decode(bytes(body)));
  if (claims.device !== device) throw new BadReceipt("of another device");
  return claims;
}

/** Whether the server has an outcome for `number`. @param {Claims} claims @param {number} number */
export function covers(claims, number) {
  if (number <= claims.gapless) return true;
  return number <= claims.listed_to && !claims.missing.some(([first, last]) => first <= number && number <= last);
}

/** @param {string} kid @returns {Promise<JsonWebKey>} */
async function keyOf(kid) {
  const kept = await read("keys");
  const known = kept && kept.find((/** @type {{kid: string}} */ key) => key.kid === kid);
  if (known) return plain(known);
  const { keys } = await (await ask(KEYS)).json();
  await write("keys", keys);
  const found = keys.find((/** @type {{kid: string}} */ key) => key.kid === kid);
  if (!found) throw new BadReceipt("signed with a key that the server does not publish");
  return plain(found);
}

/** @param {JsonWebKey} key */
function plain({ kty, crv, x, y }) {
  return { kty, crv, x, y };
}

/** @param {string} text */
function bytes(text) {
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
}
