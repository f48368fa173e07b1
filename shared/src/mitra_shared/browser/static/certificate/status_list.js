// A signed status list (W3C Bitstring Status List in a VC-JWT) to its bits.
import { STATUS_BITS } from "./code.js";
import { gunzip } from "./gunzip.js";
import { BadDocument, parsed } from "./keys.js";

export const LONGEST_LIST = 262_144;

// {number, issuedAt, validUntil: both in seconds, bits}
// Throws BadDocument where it is not signed by `issuer`, is another list, or is not as it should be.
export async function readStatusList(jwt, number, issuer) {
  const parts = jwt.trim().split(".");
  if (jwt.length > LONGEST_LIST || parts.length !== 3) throw new BadDocument("the status list is no token");
  const [header, payload] = parts.slice(0, 2).map((part) => parsed(new TextDecoder().decode(fromBase64(part))));
  const keyId = typeof header.kid === "string" ? header.kid.slice(header.kid.indexOf("#") + 1) : "";
  if (header.alg !== "ES256" || !issuer.has(keyId)) {
    throw new BadDocument("the status list is signed with a key that is not the issuer's");
  }
  const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
  if (!(await issuer.signed(keyId, fromBase64(parts[2]), signed))) {
    throw new BadDocument("the signature of the status list does not fit");
  }
  const said = payload.issuer && payload.issuer.id ? payload.issuer.id : payload.issuer;
  const subject = payload.credentialSubject || {};
  if (said !== issuer.id) throw new BadDocument("the status list is another issuer's");
  if (typeof payload.id !== "string" || !payload.id.endsWith(`/v1/status-lists/${number}`)) {
    throw new BadDocument("it is another status list than was asked for");
  }
  if (subject.type !== "BitstringStatusList" || subject.statusPurpose !== "revocation") {
    throw new BadDocument("the status list is not about revocation");
  }
  const validUntil = Date.parse(payload.validUntil) / 1000;
  if (!Number.isSafeInteger(payload.iat) || !(validUntil > 0)) {
    throw new BadDocument("the status list does not say when it was made and until when it is valid");
  }
  return { number, issuedAt: payload.iat, validUntil, bits: await bitsOf(subject.encodedList) };
}

// Whether bit `index` is set; the first is the most significant of the first byte.
export function isSet(bits, index) {
  return ((bits[index >> 3] >> (7 - (index & 7))) & 1) === 1;
}

async function bitsOf(encoded) {
  if (typeof encoded !== "string" || encoded[0] !== "u") throw new BadDocument("the status list holds no bits");
  const bits = await gunzip(fromBase64(encoded.slice(1)), STATUS_BITS / 8);
  if (bits.length !== STATUS_BITS / 8) throw new BadDocument("the status list has another length than it should");
  return bits;
}

function fromBase64(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new BadDocument("a part of the status list is not base64url");
  let binary;
  try {
    binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  } catch (error) {
    throw new BadDocument("a part of the status list is not base64url");
  }
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
