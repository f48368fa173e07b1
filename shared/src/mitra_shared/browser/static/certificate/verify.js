// One code to one verdict: text -> code -> signature -> status. What is not signed is never shown.
import { readCode, readPayload } from "./code.js";
import { isSet } from "./status_list.js";
import { Unreadable } from "./unreadable.js";

// {outcome: "valid" | "revoked" | "altered" | "unknown_key" | "other_issuer" | "unreadable" | "no_keys",
//  reason: of an unreadable one,
//  said: what the certificate says (valid, revoked),
//  issuer: whom the code names (other_issuer),
//  status: {asOf, validUntil: seconds or null, expired, problem} (valid, revoked)}
// `held` gives keys and lists as held.js does, `now` is in seconds. Throws for no text.
export async function verify(text, held, now) {
  try {
    const code = readCode(text);
    let issuer = await held.issuer();
    // A page may be open for days, and keys rotate.
    if (issuer !== null && !issuer.has(code.keyId)) issuer = await held.issuer({ again: true });
    if (issuer === null) return { outcome: "no_keys" };
    if (!issuer.has(code.keyId)) return withoutKey(readPayload(code.payload), issuer);
    if (!(await issuer.signed(code.keyId, code.signature, code.signed))) return { outcome: "altered" };
    const said = readPayload(code.payload);
    if (said.issuer !== issuer.id) return { outcome: "other_issuer", issuer: said.issuer };
    return withStatus(said, await held.statusList(said.status.list, issuer), now);
  } catch (error) {
    if (error instanceof Unreadable) return { outcome: "unreadable", reason: error.reason };
    throw error;
  }
}

function withoutKey(said, issuer) {
  return said.issuer === issuer.id
    ? { outcome: "unknown_key" }
    : { outcome: "other_issuer", issuer: said.issuer };
}

function withStatus(said, { list, problem }, now) {
  const status = {
    asOf: list && list.issuedAt,
    validUntil: list && list.validUntil,
    expired: list !== null && list.validUntil < now,
    problem,
  };
  // A revocation is for ever, so an old list is enough to know of it.
  const revoked = list !== null && isSet(list.bits, said.status.index);
  return { outcome: revoked ? "revoked" : "valid", said, status };
}
