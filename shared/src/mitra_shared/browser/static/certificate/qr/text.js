// Bytes of a QR code to its text: segments in numeric, alphanumeric, byte and ECI mode (ISO/IEC 18004, 7.4).

const ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
// Bits of the count, for versions 1-9, 10-26, 27-40.
const COUNT_BITS = { numeric: [10, 12, 14], alphanumeric: [9, 11, 13], byte: [8, 16, 16], kanji: [8, 10, 12] };

// null where the bytes are no segments.
export function textOf(bytes, version) {
  const band = version < 10 ? 0 : version < 27 ? 1 : 2;
  const bits = new BitReader(bytes);
  const parts = [];
  // Neighbouring segments of bytes are one text: a character may be cut between them.
  let run = [];
  const flush = () => {
    if (run.length) parts.push(decoded(Uint8Array.from(run)));
    run = [];
  };
  while (bits.left >= 4) {
    const mode = bits.take(4);
    if (mode === 0) break;
    const count = (kind) => bits.take(COUNT_BITS[kind][band]);
    if (mode === 4) {
      const length = count("byte");
      if (length * 8 > bits.left) return null;
      for (let i = 0; i < length; i++) run.push(bits.take(8));
      continue;
    }
    flush();
    if (mode === 1) parts.push(numeric(bits, count("numeric")));
    else if (mode === 2) parts.push(alphanumeric(bits, count("alphanumeric")));
    else if (mode === 3) bits.take(16);
    else if (mode === 7) skipEci(bits);
    else if (mode === 8) parts.push(kanji(bits, count("kanji")));
    else if (mode === 9) bits.take(8);
    else if (mode !== 5) return null;
    if (bits.left < 0) return null;
  }
  flush();
  return parts.join("");
}

class BitReader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  get left() {
    return this.bytes.length * 8 - this.at;
  }

  // Zeros beyond the end; the caller looks at `left`.
  take(count) {
    let value = 0;
    for (let i = 0; i < count; i++, this.at++) {
      value = (value << 1) | ((this.bytes[this.at >> 3] >> (7 - (this.at & 7))) & 1);
    }
    return value;
  }
}

function numeric(bits, count) {
  let text = "";
  for (let left = count; left > 0 && bits.left > 0; left -= 3) {
    const digits = Math.min(3, left);
    text += String(bits.take([0, 4, 7, 10][digits])).padStart(digits, "0");
  }
  return text;
}

function alphanumeric(bits, count) {
  let text = "";
  for (let left = count; left > 0 && bits.left > 0; left -= 2) {
    const value = bits.take(left > 1 ? 11 : 6);
    text += left > 1 ? (ALPHANUMERIC[Math.floor(value / 45)] || "") + ALPHANUMERIC[value % 45] : ALPHANUMERIC[value];
  }
  return text;
}

// No certificate has any; a code of somebody else's is still told from a picture without one.
function kanji(bits, count) {
  const length = Math.min(count, Math.max(0, Math.floor(bits.left / 13)));
  for (let i = 0; i < length; i++) bits.take(13);
  return "\ufffd".repeat(length);
}

function skipEci(bits) {
  const first = bits.take(8);
  if (first & 0x80) bits.take(first & 0x40 ? 16 : 8);
}

// UTF-8 where it is, else Latin 1: what codes hold in practice, whatever their ECI says.
function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    return new TextDecoder("iso-8859-1").decode(bytes);
  }
}
