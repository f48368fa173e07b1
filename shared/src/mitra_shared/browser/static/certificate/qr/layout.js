// How modules of a QR code of each version are used (ISO/IEC 18004): sizes, patterns, blocks, masks.

// Check bytes per block, and blocks, by level (L, M, Q, H) and version from 1.
const CHECKS = [
  [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30, 30, 30,
    30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30],
  [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28],
  [13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30, 28, 30, 30, 30, 30, 28, 30, 30, 30,
    30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30],
  [17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28, 30, 24, 30, 30, 30, 30, 30, 30, 30,
    30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30],
];
const BLOCKS = [
  [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19,
    20, 21, 22, 24, 25],
  [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35,
    37, 38, 40, 43, 45, 47, 49],
  [1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20, 23, 23, 25, 27, 29, 34, 34, 35, 38, 40, 43, 45,
    48, 51, 53, 56, 59, 62, 65, 68],
  [1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25, 25, 34, 30, 32, 35, 37, 40, 42, 45, 48, 51, 54,
    57, 60, 63, 66, 70, 74, 77, 81],
];
// The two bits of the format information to a row of the tables.
const LEVELS = [1, 0, 3, 2];

export const MASKS = [
  (x, y) => (x + y) % 2 === 0,
  (x, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => ((y >> 1) + Math.floor(x / 3)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

export function sizeOf(version) {
  return 17 + 4 * version;
}

// Middles of the alignment patterns, the same along both sides.
export function alignmentsOf(version) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = version === 32 ? 26 : Math.ceil((4 * version + 4) / (2 * count - 2)) * 2;
  const places = [6];
  for (let i = count - 2; i >= 0; i--) places.push(sizeOf(version) - 7 - i * step);
  return places;
}

// {mask, level} of 15 bits, or null where more than three of them are wrong.
export function formatOf(bits) {
  const [found, distance] = nearest(bits, 32, (value) => ((value << 10) | remainder(value, 10, 0x537)) ^ 0x5412);
  return distance > 3 ? null : { mask: found & 7, level: LEVELS[found >> 3] };
}

// The version in 18 bits, or null where more than three of them are wrong.
export function versionOf(bits) {
  const [found, distance] = nearest(bits, 34, (value) => ((value + 7) << 12) | remainder(value + 7, 12, 0x1f25));
  return distance > 3 ? null : found + 7;
}

// [{data, checks}] bytes of each block.
export function blocksOf(version, level) {
  const count = BLOCKS[level][version - 1];
  const checks = CHECKS[level][version - 1];
  const total = bytesOf(version);
  const short = count - (total % count);
  const length = Math.floor(total / count) - checks;
  return Array.from({ length: count }, (_, i) => ({ data: length + (i < short ? 0 : 1), checks }));
}

// 1 where a module is a part of a pattern, and no data.
export function patternsOf(version) {
  const size = sizeOf(version);
  const taken = new Uint8Array(size * size);
  const take = (left, top, width, height) => {
    for (let y = top; y < top + height; y++) taken.fill(1, y * size + left, y * size + left + width);
  };
  take(0, 0, 9, 9);
  take(size - 8, 0, 8, 9);
  take(0, size - 8, 9, 8);
  take(6, 0, 1, size);
  take(0, 6, size, 1);
  for (const [x, y] of alignmentCentres(version)) take(x - 2, y - 2, 5, 5);
  if (version >= 7) {
    take(size - 11, 0, 3, 6);
    take(0, size - 11, 6, 3);
  }
  return taken;
}

// Of the alignment patterns that are there: none lies on a finder.
export function alignmentCentres(version) {
  const places = alignmentsOf(version);
  const last = places[places.length - 1];
  const centres = [];
  for (const x of places) {
    for (const y of places) {
      if (!(x === 6 && y === 6) && !(x === 6 && y === last) && !(x === last && y === 6)) centres.push([x, y]);
    }
  }
  return centres;
}

function bytesOf(version) {
  const alignments = version === 1 ? 0 : Math.floor(version / 7) + 2;
  let modules = (16 * version + 128) * version + 64;
  if (alignments) modules -= (25 * alignments - 10) * alignments - 55;
  if (version >= 7) modules -= 36;
  return modules >> 3;
}

function remainder(value, width, generator) {
  let rest = value;
  for (let i = 0; i < width; i++) rest = (rest << 1) ^ ((rest >> (width - 1)) & 1 ? generator : 0);
  return rest & ((1 << width) - 1);
}

function nearest(bits, count, encode) {
  let best = [0, 99];
  for (let value = 0; value < count; value++) {
    let distance = 0;
    for (let rest = encode(value) ^ bits; rest; rest &= rest - 1) distance++;
    if (distance < best[1]) best = [value, distance];
  }
  return best;
}
