// A square of modules to the text of a QR code.
import { blocksOf, formatOf, MASKS, patternsOf, versionOf } from "./layout.js";
import { correct } from "./reed_solomon.js";
import { textOf } from "./text.js";

// `dark(x, y)` tells a module, column and row from the upper left. null where it is no QR code of that size.
export function textOfModules(dark, size) {
  const version = (size - 17) / 4;
  if (version >= 7 && version !== writtenVersion(dark, size)) return null;
  for (const format of formatsOf(dark, size)) {
    const bytes = bytesIn(dark, size, version, format);
    const text = bytes && textOf(bytes, version);
    if (text) return text;
  }
  return null;
}

// The version that the modules themselves tell (from 7 on), or null.
export function writtenVersion(dark, size) {
  let right = 0;
  let below = 0;
  for (let i = 17; i >= 0; i--) {
    const [a, b] = [Math.floor(i / 3), size - 11 + (i % 3)];
    right = (right << 1) | dark(b, a);
    below = (below << 1) | dark(a, b);
  }
  return versionOf(right) || versionOf(below);
}

// Format information is written twice; where the two differ both are tried.
function formatsOf(dark, size) {
  let first = 0;
  let second = 0;
  for (let i = 14; i >= 0; i--) {
    const along = i < 6 ? i : i < 8 ? i + 1 : 14 - i;
    first = (first << 1) | (i < 8 ? dark(8, along) : dark(i === 8 ? 7 : along, 8));
    second = (second << 1) | (i < 8 ? dark(size - 1 - i, 8) : dark(8, size - 15 + i));
  }
  const formats = [formatOf(first), formatOf(second)].filter((format) => format !== null);
  const [a, b] = formats;
  return formats.length === 2 && a.mask === b.mask && a.level === b.level ? [a] : formats;
}

// The data bytes, corrected; null where too many are damaged.
function bytesIn(dark, size, version, { mask, level }) {
  const raw = rawBytes(dark, size, patternsOf(version), MASKS[mask]);
  const blocks = blocksOf(version, level);
  const filled = blocks.map(({ data, checks }) => new Uint8Array(data + checks));
  let at = 0;
  const longest = blocks[blocks.length - 1].data;
  for (let i = 0; i < longest; i++) {
    blocks.forEach(({ data }, b) => {
      if (i < data) filled[b][i] = raw[at++];
    });
  }
  for (let i = 0; i < blocks[0].checks; i++) blocks.forEach(({ data }, b) => (filled[b][data + i] = raw[at++]));
  const bytes = [];
  for (let b = 0; b < blocks.length; b++) {
    if (!correct(filled[b], blocks[b].checks)) return null;
    bytes.push(...filled[b].subarray(0, blocks[b].data));
  }
  return bytes;
}

// In pairs of columns from the right, upwards and downwards in turn; column 6 is left out.
function rawBytes(dark, size, taken, mask) {
  const bytes = [];
  let value = 0;
  let count = 0;
  for (let right = size - 1, up = true; right > 0; right -= 2, up = !up) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step++) {
      const y = up ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (taken[y * size + x]) continue;
        value = (value << 1) | (dark(x, y) ^ (mask(x, y) ? 1 : 0));
        if (++count === 8) {
          bytes.push(value);
          value = count = 0;
        }
      }
    }
  }
  return bytes;
}
