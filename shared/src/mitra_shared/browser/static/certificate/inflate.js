// DEFLATE (RFC 1951) for browsers without DecompressionStream.
import { BadDocument } from "./keys.js";

const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
  163, 195, 227, 258];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCES = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
  2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
const DISTANCE_BITS = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12,
  13, 13];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const LONGEST_CODE = 15;

// The bytes that `deflated` stands for. Throws BadDocument where it is damaged or they are more than `most`.
export function inflate(deflated, most) {
  const input = new Bits(deflated);
  const output = { bytes: new Uint8Array(most), length: 0 };
  for (let last = 0; !last; ) {
    last = input.take(1);
    const kind = input.take(2);
    if (kind === 0) copyStored(input, output);
    else if (kind === 1) copyCoded(input, output, ...fixedCodes());
    else if (kind === 2) copyCoded(input, output, ...dynamicCodes(input));
    else damaged();
  }
  return output.bytes.subarray(0, output.length);
}

function damaged() {
  throw new BadDocument("a zipped document is damaged");
}

class Bits {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
    this.held = 0;
    this.count = 0;
  }

  take(count) {
    while (this.count < count) {
      if (this.at >= this.bytes.length) damaged();
      this.held |= this.bytes[this.at++] << this.count;
      this.count += 8;
    }
    const value = this.held & ((1 << count) - 1);
    this.held >>>= count;
    this.count -= count;
    return value;
  }

  // The symbol of a canonical Huffman code: `counts` of each length, `symbols` in order of their codes.
  symbol({ counts, symbols }) {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= LONGEST_CODE; length++) {
      code |= this.take(1);
      const count = counts[length];
      if (code - count < first) return symbols[index + (code - first)];
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    return damaged();
  }
}

function huffman(lengths) {
  const counts = new Uint16Array(LONGEST_CODE + 1);
  for (const length of lengths) counts[length]++;
  counts[0] = 0;
  const next = new Uint16Array(LONGEST_CODE + 2);
  let left = 1;
  for (let length = 1; length <= LONGEST_CODE; length++) {
    left = (left << 1) - counts[length];
    if (left < 0) damaged();
    next[length + 1] = next[length] + counts[length];
  }
  const symbols = new Uint16Array(next[LONGEST_CODE + 1]);
  lengths.forEach((length, symbol) => {
    if (length) symbols[next[length]++] = symbol;
  });
  return { counts, symbols };
}

function fixedCodes() {
  const lengths = [[144, 8], [112, 9], [24, 7], [8, 8]];
  return [
    huffman([].concat(...lengths.map(([count, length]) => new Array(count).fill(length)))),
    huffman(new Array(30).fill(5)),
  ];
}

function dynamicCodes(input) {
  const literals = input.take(5) + 257;
  const distances = input.take(5) + 1;
  const short = new Array(19).fill(0);
  for (let left = input.take(4) + 4, i = 0; i < left; i++) short[ORDER[i]] = input.take(3);
  const code = huffman(short);
  const lengths = [];
  while (lengths.length < literals + distances) {
    const symbol = input.symbol(code);
    if (symbol < 16) {
      lengths.push(symbol);
      continue;
    }
    if (symbol === 16 && lengths.length === 0) damaged();
    const value = symbol === 16 ? lengths[lengths.length - 1] : 0;
    const times = symbol === 16 ? 3 + input.take(2) : symbol === 17 ? 3 + input.take(3) : 11 + input.take(7);
    for (let i = 0; i < times; i++) lengths.push(value);
  }
  if (lengths.length > literals + distances) damaged();
  return [huffman(lengths.slice(0, literals)), huffman(lengths.slice(literals))];
}

function room(output, length) {
  if (output.length + length > output.bytes.length) {
    throw new BadDocument("a zipped document holds more than it may");
  }
}

function copyStored(input, output) {
  input.held = 0;
  input.count = 0;
  const head = input.bytes.subarray(input.at, input.at + 4);
  const length = head[0] | (head[1] << 8);
  input.at += 4;
  if (head.length < 4 || input.at + length > input.bytes.length) damaged();
  if ((length ^ (head[2] | (head[3] << 8))) !== 0xffff) damaged();
  room(output, length);
  output.bytes.set(input.bytes.subarray(input.at, input.at + length), output.length);
  output.length += length;
  input.at += length;
}

function copyCoded(input, output, literals, distances) {
  for (;;) {
    const symbol = input.symbol(literals);
    if (symbol === 256) return;
    if (symbol < 256) {
      room(output, 1);
      output.bytes[output.length++] = symbol;
      continue;
    }
    if (symbol > 285) damaged();
    const length = LENGTHS[symbol - 257] + input.take(LENGTH_BITS[symbol - 257]);
    const far = input.symbol(distances);
    if (far > 29) damaged();
    const distance = DISTANCES[far] + input.take(DISTANCE_BITS[far]);
    if (distance > output.length) damaged();
    room(output, length);
    for (let i = 0; i < length; i++, output.length++) {
      output.bytes[output.length] = output.bytes[output.length - distance];
    }
  }
}
