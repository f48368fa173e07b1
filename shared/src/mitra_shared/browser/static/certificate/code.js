// The text of a QR code to what it says and what is signed. Nothing is verified here.
//
// `<address>/v#<BASE32>` holds a COSE_Sign1 (RFC 9052) of a CWT (RFC 8392); docs/verification-page.md has the way
// through the page.
import { fromBase32 } from "./base32.js";
import { fromCbor, Tagged } from "./cbor.js";
import { Unreadable } from "./unreadable.js";

export const STATUS_BITS = 524_288;

const LONGEST_TEXT = 16_384;
const MOST_BYTES = 4_096;
const LONGEST_PART = 512;
const COSE_SIGN1 = 18;
const ES256 = -7;
const HEADER = { algorithm: 1, keyId: 4 };
const CLAIM = { issuer: 1, issuedAt: 6, credentialId: 7, certificate: -70001 };
const PART = { name: 1, number: 2, campaign: 3, constituency: 4, segment: 5, status: 6, language: 7 };

const utf8 = new TextDecoder("utf-8", { fatal: true });

// {keyId, signed: bytes that are signed, signature: 64 bytes, payload: bytes}
// Throws Unreadable.
export function readCode(text) {
  const item = fromCbor(fromBase32(letters(text)));
  const parts = item.value;
  if (!Array.isArray(parts) || parts.length !== 4) throw new Unreadable("foreign");
  const [header, unprotected, payload, signature] = parts;
  if (!isBytes(header) || !isBytes(payload) || !isBytes(signature) || signature.length !== 64) {
    throw new Unreadable("foreign");
  }
  if (!(unprotected instanceof Map) || unprotected.size !== 0) throw new Unreadable("foreign");
  return { keyId: keyIdOf(header), signed: signedBytes(header, payload), signature, payload };
}

// {issuer, issuedAt: seconds, credentialId: 16 bytes, name, number, campaign, constituency, segment, language,
// status: {list, index}}. Throws Unreadable.
export function readPayload(payload) {
  const claims = fromCbor(payload);
  if (!(claims instanceof Map)) throw new Unreadable("foreign");
  const certificate = claims.get(CLAIM.certificate);
  const credentialId = claims.get(CLAIM.credentialId);
  if (!(certificate instanceof Map)) throw new Unreadable("foreign");
  if (!isBytes(credentialId) || credentialId.length !== 16) throw new Unreadable("broken");
  const said = {
    issuer: textIn(claims, CLAIM.issuer),
    issuedAt: wholeNumber(claims.get(CLAIM.issuedAt), 2 ** 40),
    credentialId,
  };
  for (const part of ["name", "number", "campaign", "constituency", "segment", "language"]) {
    said[part] = textIn(certificate, PART[part]);
  }
  const place = certificate.get(PART.status);
  if (!Array.isArray(place) || place.length !== 2) throw new Unreadable("broken");
  said.status = { list: wholeNumber(place[0], 2 ** 31), index: wholeNumber(place[1], STATUS_BITS) };
  return said;
}

// People paste whole addresses, broken over lines.
function letters(text) {
  if (text.length > LONGEST_TEXT) throw new Unreadable("too_long");
  const packed = text.replace(/\s+/g, "");
  if (packed === "") throw new Unreadable("empty");
  const hash = packed.indexOf("#");
  if (hash >= 0 && !/^https?:\/\/[^/]+\/v\/?$/i.test(packed.slice(0, hash))) throw new Unreadable("foreign");
  const code = packed.slice(hash + 1).toUpperCase();
  if (code === "") throw new Unreadable("truncated");
  if (code.length > Math.ceil((MOST_BYTES * 8) / 5)) throw new Unreadable("too_long");
  // 0xD2 0x84, the tag and the list of four that every code begins with, are "2KC" and a letter up to "H".
  if (!/^2KC/.test(code)) throw new Unreadable(/^(2|2K)$/.test(code) ? "truncated" : "foreign");
  return code;
}

function keyIdOf(header) {
  const entries = fromCbor(header);
  if (!(entries instanceof Map) || entries.get(HEADER.algorithm) !== ES256) throw new Unreadable("foreign");
  const keyId = entries.get(HEADER.keyId);
  if (!isBytes(keyId) || entries.size !== 2) throw new Unreadable("foreign");
  try {
    return utf8.decode(keyId);
  } catch (error) {
    throw new Unreadable("broken");
  }
}

// Sig_structure of RFC 9052: ["Signature1", header, h'', payload].
function signedBytes(header, payload) {
  const name = new TextEncoder().encode("Signature1");
  const parts = [[0x84, 0x60 + name.length], name, byteHead(header.length), header, [0x40],
    byteHead(payload.length), payload];
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function byteHead(length) {
  if (length < 24) return [0x40 + length];
  return length < 256 ? [0x58, length] : [0x59, length >> 8, length & 255];
}

function isBytes(value) {
  return value instanceof Uint8Array;
}

function textIn(map, key) {
  const value = map.get(key);
  if (typeof value !== "string" || value === "" || value.length > LONGEST_PART) throw new Unreadable("broken");
  return value;
}

function wholeNumber(value, below) {
  if (typeof value !== "number" || value < 0 || value >= below) throw new Unreadable("broken");
  return value;
}
