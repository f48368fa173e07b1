// The issuer's keys, from its DID document, and the one way signatures are checked here: ES256.

const MOST_KEYS = 1_000;
const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const ALGORITHM = { name: "ECDSA", hash: "SHA-256" };

// A part of what the issuer publishes is not as it should be.
export class BadDocument extends Error {
  constructor(message) {
    super(message);
    this.name = "BadDocument";
  }
}

export class Issuer {
  // `text`: the DID document. Keys of other kinds than P-256 are left out.
  constructor(text) {
    const document = parsed(text);
    if (typeof document.id !== "string" || !document.id.startsWith("did:web:")) {
      throw new BadDocument("the DID document has no id of the kind did:web");
    }
    const methods = document.verificationMethod;
    if (!Array.isArray(methods) || methods.length > MOST_KEYS) {
      throw new BadDocument("the DID document has no list of keys, or one that is too long");
    }
    this.id = document.id;
    this.jwks = new Map();
    this.imported = new Map();
    for (const { id, publicKeyJwk: jwk } of methods) {
      if (jwk && jwk.kty === "EC" && jwk.crv === "P-256" && typeof id === "string" && id.startsWith(`${this.id}#`)) {
        this.jwks.set(id.slice(this.id.length + 1), { kty: "EC", crv: "P-256", x: jwk.x, y: jwk.y });
      }
    }
  }

  has(keyId) {
    return this.jwks.has(keyId);
  }

  // Whether `signature` (64 bytes) over `signed` was made with the key `keyId`, which has to be there.
  async signed(keyId, signature, signed) {
    if (!this.imported.has(keyId)) {
      this.imported.set(keyId, crypto.subtle.importKey("jwk", this.jwks.get(keyId), CURVE, false, ["verify"]));
    }
    return crypto.subtle.verify(ALGORITHM, await this.imported.get(keyId), signature, signed);
  }
}

export function parsed(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BadDocument("a document is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BadDocument("a document is not a JSON object");
  }
  return value;
}
