// gzip to bytes, never more of them than asked for: the browser's own where it has one, else inflate.js.
import { inflate } from "./inflate.js";
import { BadDocument } from "./keys.js";

// Throws BadDocument where `zipped` is damaged or holds more than `most` bytes.
export async function gunzip(zipped, most) {
  const bytes = typeof DecompressionStream === "undefined" ? inflated(zipped, most) : await streamed(zipped, most);
  return bytes;
}

async function streamed(zipped, most) {
  const reader = new Blob([zipped]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  const bytes = new Uint8Array(most);
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new BadDocument("a zipped document is damaged");
    });
    if (done) return bytes.subarray(0, length);
    if (length + value.length > most) {
      reader.cancel();
      throw new BadDocument("a zipped document holds more than it may");
    }
    bytes.set(value, length);
    length += value.length;
  }
}

// RFC 1952, with the optional fields of a header skipped.
function inflated(zipped, most) {
  const [first, second, method, flags] = zipped;
  if (zipped.length < 18 || first !== 0x1f || second !== 0x8b || method !== 8 || flags & 0xe0) {
    throw new BadDocument("a zipped document is damaged");
  }
  let at = 10;
  if (flags & 4) at += 2 + (zipped[at] | (zipped[at + 1] << 8));
  for (const named of [flags & 8, flags & 16]) {
    if (!named) continue;
    while (at < zipped.length && zipped[at] !== 0) at++;
    at++;
  }
  if (flags & 2) at += 2;
  const bytes = inflate(zipped.subarray(at, -8), most);
  const trailer = new DataView(zipped.buffer, zipped.byteOffset + zipped.length - 8, 8);
  if (trailer.getUint32(0, true) !== crc32(bytes) || trailer.getUint32(4, true) !== bytes.length) {
    throw new BadDocument("a zipped document is damaged");
  }
  return bytes;
}

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
