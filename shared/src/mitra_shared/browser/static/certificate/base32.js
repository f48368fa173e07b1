// Text of a code to bytes: base32 of RFC 4648 in capitals, without padding.
import { Unreadable } from "./unreadable.js";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

// Throws Unreadable: "foreign" for other letters, "truncated" where whole bytes cannot end.
export function fromBase32(text) {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const letter of text) {
    const value = ALPHABET.indexOf(letter);
    if (value < 0) throw new Unreadable("foreign");
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = held >> bits;
      held &= (1 << bits) - 1;
    }
  }
  // Left-over bits are zero, and fewer than a letter holds, in whatever was written whole.
  if (held !== 0 || bits >= 5) throw new Unreadable("truncated");
  return bytes;
}
