// Draws a QR code (ISO/IEC 18004): bytes, error correction M, versions 1 to 6, which is up to 106 characters.

/** By version: codewords of correction in each block, number of blocks, codewords of data in each. */
const BLOCKS = [[10, 1, 16], [16, 1, 28], [26, 1, 44], [18, 2, 32], [24, 2, 43], [16, 4, 27]];
const FORMATS_M = [0x5412, 0x5125, 0x5e7c, 0x5b4b, 0x45f9, 0x40ce, 0x4f97, 0x4aa0];
/** @type {((row: number, column: number) => boolean)[]} */
const MASKS = [
  (row, column) => (row + column) % 2 === 0,
  (row) => row % 2 === 0,
  (_, column) => column % 3 === 0,
  (row, column) => (row + column) % 3 === 0,
  (row, column) => ((row >> 1) + Math.floor(column / 3)) % 2 === 0,
  (row, column) => ((row * column) % 2) + ((row * column) % 3) === 0,
  (row, column) => (((row * column) % 2) + ((row * column) % 3)) % 2 === 0,
  (row, column) => (((row + column) % 2) + ((row * column) % 3)) % 2 === 0,
];
const QUIET = 4;
const SVG = "http://www.w3.org/2000/svg";

/** @param {string} text @param {string} label @returns {SVGSVGElement | null} null if the text is too long */
export function qrCode(text, label) {
  const data = new TextEncoder().encode(text);
  const version = BLOCKS.findIndex(([, blocks, each]) => data.length + 2 <= blocks * each) + 1;
  if (version === 0) return null;
  const bits = interleaved(codewords(data, version), version);
  const best = MASKS.map((_, mask) => drawn(bits, version, mask))
    .reduce((one, other) => (penalty(other) < penalty(one) ? other : one));
  return picture(best, label);
}

/** @param {Uint8Array} data @param {number} version */
function codewords(data, version) {
  const [, blocks, each] = BLOCKS[version - 1];
  const nibbles = [4, data.length >> 4, data.length & 15, ...Array.from(data).flatMap((byte) => [byte >> 4, byte & 15]), 0];
  const words = [];
  for (let at = 0; at < nibbles.length; at += 2) words.push((nibbles[at] << 4) | nibbles[at + 1]);
  for (let pad = 0xec; words.length < blocks * each; pad ^= 0xec ^ 0x11) words.push(pad);
  return words;
}

/** @param {number[]} words @param {number} version @returns {boolean[]} bits in the order they are drawn */
function interleaved(words, version) {
  const [correction, blocks, each] = BLOCKS[version - 1];
  const parts = Array.from({ length: blocks }, (_, block) => words.slice(block * each, (block + 1) * each));
  const checks = parts.map((part) => remainder(part, correction));
  const ordered = [];
  for (let at = 0; at < each; at++) for (const part of parts) ordered.push(part[at]);
  for (let at = 0; at < correction; at++) for (const check of checks) ordered.push(check[at]);
  return ordered.flatMap((word) => Array.from({ length: 8 }, (_, bit) => Boolean((word >> (7 - bit)) & 1)));
}

/** Reed-Solomon over GF(256) with 0x11d. @param {number[]} data @param {number} degree */
function remainder(data, degree) {
  let generator = [1];
  for (let power = 0, root = 1; power < degree; power++, root = times(root, 2)) {
    const next = [...generator, 0];
    generator.forEach((factor, at) => { next[at + 1] ^= times(factor, root); });
    generator = next;
  }
  const rest = [...data, ...new Array(degree).fill(0)];
  for (let at = 0; at < data.length; at++) {
    const factor = rest[at];
    generator.forEach((each, offset) => { rest[at + offset] ^= times(each, factor); });
  }
  return rest.slice(data.length);
}

/** @param {number} one @param {number} other */
function times(one, other) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) product = (product << 1) ^ (product >> 7 ? 0x11d : 0) ^ ((other >> bit) & 1 ? one : 0);
  return product;
}

/** @param {boolean[]} bits @param {number} version @param {number} mask @returns {boolean[][]} */
function drawn(bits, version, mask) {
  const size = 17 + 4 * version;
  /** @type {(boolean | null)[][]} */
  const grid = Array.from({ length: size }, () => new Array(size).fill(null));
  const square = (/** @type {number} */ middleRow, /** @type {number} */ middleColumn, /** @type {number} */ reach) => {
    for (let row = -reach; row <= reach; row++) for (let column = -reach; column <= reach; column++) {
      const line = grid[middleRow + row];
      if (!line || line[middleColumn + column] === undefined) continue;
      const ring = Math.max(Math.abs(row), Math.abs(column));
      line[middleColumn + column] = ring !== 4 && (reach === 4 ? ring !== 2 : ring !== 1);
    }
  };
  for (const [row, column] of [[3, 3], [3, size - 4], [size - 4, 3]]) square(row, column, 4);
  if (version > 1) square(size - 7, size - 7, 2);
  for (let at = 8; at < size - 8; at++) grid[6][at] = grid[at][6] = at % 2 === 0;
  const format = FORMATS_M[mask];
  for (let bit = 0; bit < 15; bit++) {
    const isDark = Boolean((format >> bit) & 1);
    const along = bit < 6 ? bit : bit < 8 ? bit + 1 : size - 15 + bit;
    grid[along][8] = isDark;
    const across = bit < 8 ? size - 1 - bit : bit < 9 ? 7 : 14 - bit;
    grid[8][across] = isDark;
  }
  grid[size - 8][8] = true;
  let next = 0;
  for (let right = size - 1, isUp = true; right > 0; right -= right === 8 ? 3 : 2, isUp = !isUp) {
    const [left, rightmost] = right === 6 ? [4, 5] : [right - 1, right];
    for (let step = 0; step < size; step++) {
      const row = isUp ? size - 1 - step : step;
      for (const column of [rightmost, left]) {
        if (grid[row][column] === null) grid[row][column] = Boolean(bits[next++]) !== MASKS[mask](row, column);
      }
    }
  }
  return /** @type {boolean[][]} */ (grid);
}

/** How hard the code is to read: long runs and blocks of one colour. @param {boolean[][]} grid */
function penalty(grid) {
  let sum = 0;
  for (let row = 0; row < grid.length; row++) for (let column = 0; column < grid.length; column++) {
    const dark = grid[row][column];
    const [right, below] = [column + 4 < grid.length, row + 4 < grid.length];
    if (right && [1, 2, 3, 4].every((step) => grid[row][column + step] === dark)) sum += 1;
    if (below && [1, 2, 3, 4].every((step) => grid[row + step][column] === dark)) sum += 1;
    const [beside, under] = [grid[row][column + 1], grid[row + 1]];
    if (beside === dark && under && under[column] === dark && under[column + 1] === dark) sum += 3;
  }
  return sum;
}

/** @param {boolean[][]} grid @param {string} label */
function picture(grid, label) {
  const size = grid.length + 2 * QUIET;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  svg.setAttribute("shape-rendering", "crispEdges");
  const paper = document.createElementNS(SVG, "rect");
  for (const side of ["width", "height"]) paper.setAttribute(side, String(size));
  paper.setAttribute("fill", "#fff");
  const ink = document.createElementNS(SVG, "path");
  ink.setAttribute("d", grid.flatMap((line, row) =>
    line.map((isDark, column) => (isDark ? `M${column + QUIET} ${row + QUIET}h1v1h-1z` : ""))).join(""));
  svg.append(paper, ink);
  return svg;
}
