// What the page holds of the issuer: keys and status lists, from the network when it answers in time, else as
// they were kept. Of each list the newest that was ever seen is kept, so that an older one is noticed.
//
// Nothing of a certificate is kept. Requests are for the same two kinds of documents whoever is verified.
import { BadDocument, Issuer } from "./keys.js";
import { LONGEST_LIST, readStatusList } from "./status_list.js";

const KEPT = "mitra-held-1";
const DID_DOCUMENT = "/.well-known/did.json";
const LONGEST_DOCUMENT = 1_048_576;
// A list has room for half a million certificates; they are filled one after the other.
const MOST_LISTS_AHEAD = 8;
const PATIENCE_MS = 3_000;
const PATIENCE_WITH_NOTHING_KEPT_MS = 20_000;

export class Held {
  // `address`: origin of the issuer; that of the page itself where nothing is said.
  constructor(address = "") {
    this.address = address;
    this.issuerKnown = null;
    this.lists = new Map();
    this.asking = new Map();
  }

  // The issuer, or null where neither the network nor this device has the keys. Asks the network once, unless
  // `again`.
  async issuer({ again } = { again: false }) {
    if (this.issuerKnown && this.issuerKnown.fresh && !again) return this.issuerKnown.issuer;
    const path = this.address + DID_DOCUMENT;
    const before = await kept(path);
    const offered = await fetched(path, LONGEST_DOCUMENT, before);
    const fresh = await readOrNull(offered.text, (text) => new Issuer(text));
    if (fresh) await keep(path, offered.text);
    const issuer = fresh || (await readOrNull(before, (text) => new Issuer(text)));
    if (issuer) this.issuerKnown = { issuer, fresh: fresh !== null };
    return issuer;
  }

  // {list: the newest known or null, problem: null, "unreachable", "refused" (what came is not a list of the
  // issuer's) or "rolled_back" (what came is older than what was seen)}
  statusList(number, issuer) {
    // Two answers at once could overtake each other, and the older be kept.
    if (!this.asking.has(number)) {
      this.asking.set(number, this.newestList(number, issuer).finally(() => this.asking.delete(number)));
    }
    return this.asking.get(number);
  }

  async newestList(number, issuer) {
    const path = `${this.address}/v1/status-lists/${number}`;
    const before = await kept(path);
    const known = this.lists.get(number) || (await readOrNull(before, (jwt) => readStatusList(jwt, number, issuer)));
    const offered = await fetched(path, LONGEST_LIST, before);
    if (offered.text === null) return this.remember(number, known, offered.problem);
    const newest = await readOrNull(offered.text, (jwt) => readStatusList(jwt, number, issuer));
    if (newest === null) return this.remember(number, known, "refused");
    if (known && newest.issuedAt < known.issuedAt) return this.remember(number, known, "rolled_back");
    await keep(path, offered.text);
    return this.remember(number, newest, null);
  }

  // Keys, and the lists from the first on: what a device needs that is to verify without a network. Whether there
  // are keys.
  async prepare() {
    const issuer = await this.issuer();
    if (issuer === null) return false;
    for (let number = 0; number < MOST_LISTS_AHEAD; number++) {
      const { problem } = await this.statusList(number, issuer);
      if (problem !== null) break;
    }
    return true;
  }

  remember(number, list, problem) {
    if (list) this.lists.set(number, list);
    return { list, problem };
  }
}

// What `read` makes of a text; null where there is none or it is not as it should be.
async function readOrNull(text, read) {
  if (text === null) return null;
  try {
    return await read(text);
  } catch (error) {
    if (!(error instanceof BadDocument)) throw error;
    console.warn(error.message);
    return null;
  }
}

// {text or null, problem: null, "unreachable" or "refused"}
async function fetched(path, most, before) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), before === null ? PATIENCE_WITH_NOTHING_KEPT_MS : PATIENCE_MS);
  try {
    const answer = await fetch(path, {
      cache: "no-cache",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: stop.signal,
    });
    if (!answer.ok) return { text: null, problem: "unreachable" };
    const text = await bounded(answer, most);
    return { text, problem: text === null ? "refused" : null };
  } catch (error) {
    // The network is away, or too slow: both are everyday.
    return { text: null, problem: "unreachable" };
  } finally {
    clearTimeout(timer);
  }
}

// The text of an answer, or null beyond `most` bytes.
async function bounded(answer, most) {
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let length = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.length;
    if (length > most) {
      reader.cancel();
      return null;
    }
    text += decoder.decode(value, { stream: true });
  }
}

// Browsers refuse to keep anything in some private windows; the page then works while it is online.
async function kept(path) {
  try {
    const answer = await (await caches.open(KEPT)).match(path);
    return answer ? await answer.text() : null;
  } catch (error) {
    console.warn("This browser keeps nothing:", error.message);
    return null;
  }
}

async function keep(path, text) {
  try {
    await (await caches.open(KEPT)).put(path, new Response(text));
  } catch (error) {
    console.warn("This browser keeps nothing:", error.message);
  }
}
