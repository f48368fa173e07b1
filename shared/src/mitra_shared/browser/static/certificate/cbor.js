// CBOR (RFC 8949) as far as a code needs it: deterministic encoding, bounded depth and number of items.
// Integers become numbers, byte strings Uint8Array, maps Map, tags Tagged. Floats and simple values are refused.
import { Unreadable } from "./unreadable.js";

const DEEPEST = 8;
const MOST_ITEMS = 128;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class Tagged {
  constructor(tag, value) {
    this.tag = tag;
    this.value = value;
  }
}

// The one item that `bytes` are. Throws Unreadable: "truncated" or "broken".
export function fromCbor(bytes) {
  const reader = new Reader(bytes);
  const value = reader.item(0);
  if (reader.at !== bytes.length) throw new Unreadable("broken");
  return value;
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
    this.items = 0;
  }

  take(length) {
    if (length > this.bytes.length - this.at) throw new Unreadable("truncated");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  // The number in an item's head, in its shortest form only.
  argument(short) {
    if (short < 24) return short;
    if (short > 27) throw new Unreadable("broken");
    const width = 1 << (short - 24);
    let value = 0;
    for (const byte of this.take(width)) value = value * 256 + byte;
    const least = width === 1 ? 24 : 2 ** (4 * width);
    if (value < least || value > Number.MAX_SAFE_INTEGER) throw new Unreadable("broken");
    return value;
  }

  item(depth) {
    if (depth > DEEPEST || ++this.items > MOST_ITEMS) throw new Unreadable("broken");
    const [head] = this.take(1);
    const kind = head >> 5;
    if (kind === 7) throw new Unreadable("broken");
    const argument = this.argument(head & 31);
    switch (kind) {
      case 0:
        return argument;
      case 1:
        return -1 - argument;
      case 2:
        return this.take(argument);
      case 3:
        return this.text(this.take(argument));
      case 4:
        return this.list(argument, depth);
      case 5:
        return this.map(argument, depth);
      default:
        return new Tagged(argument, this.item(depth + 1));
    }
  }

  text(bytes) {
    try {
      return utf8.decode(bytes);
    } catch (error) {
      throw new Unreadable("broken");
    }
  }

  list(length, depth) {
    const found = [];
    while (found.length < length) found.push(this.item(depth + 1));
    return found;
  }

  map(length, depth) {
    const found = new Map();
    let before = new Uint8Array(0);
    while (found.size < length) {
      const start = this.at;
      const key = this.item(depth + 1);
      const written = this.bytes.subarray(start, this.at);
      if (!follows(written, before)) throw new Unreadable("broken");
      before = written;
      found.set(key, this.item(depth + 1));
    }
    return found;
  }
}

// Keys rise byte by byte; so none comes twice.
function follows(later, earlier) {
  const shared = Math.min(later.length, earlier.length);
  for (let i = 0; i < shared; i++) {
    if (later[i] !== earlier[i]) return later[i] > earlier[i];
  }
  return later.length > earlier.length;
}
