// Reed-Solomon over GF(256) with the polynomial 0x11D, as QR codes use it (ISO/IEC 18004, annex B).

const EXP = new Uint8Array(512);
const LOG = new Uint8Array(256);
for (let power = 0, value = 1; power < 255; power++) {
  EXP[power] = EXP[power + 255] = value;
  LOG[value] = power;
  value = (value << 1) ^ (value & 0x80 ? 0x11d : 0);
}

function times(a, b) {
  return a && b ? EXP[LOG[a] + LOG[b]] : 0;
}

// Corrects `block` in place; its last `checks` bytes are the check bytes. False where too much is damaged.
export function correct(block, checks) {
  const syndromes = syndromesOf(block, checks);
  if (syndromes.every((syndrome) => syndrome === 0)) return true;
  const locator = locatorOf(syndromes);
  const errors = locator.length - 1;
  if (errors * 2 > checks) return false;
  const places = [];
  for (let at = 0; at < block.length; at++) {
    if (evaluate(locator, EXP[(255 - (block.length - 1 - at)) % 255]) === 0) places.push(at);
  }
  if (places.length !== errors) return false;
  const evaluator = evaluatorOf(syndromes, locator);
  for (const at of places) {
    const inverse = EXP[(255 - (block.length - 1 - at)) % 255];
    // Forney: the derivative of the locator has its odd terms only.
    let derivative = 0;
    for (let i = 1; i < locator.length; i += 2) derivative ^= times(locator[i], EXP[(LOG[inverse] * (i - 1)) % 255]);
    if (derivative === 0) return false;
    const value = times(evaluate(evaluator, inverse), EXP[255 - LOG[derivative]]);
    block[at] ^= times(value, EXP[255 - LOG[inverse]]);
  }
  return syndromesOf(block, checks).every((syndrome) => syndrome === 0);
}

function syndromesOf(block, checks) {
  const syndromes = [];
  for (let power = 0; power < checks; power++) {
    let value = 0;
    for (const byte of block) value = times(value, EXP[power]) ^ byte;
    syndromes.push(value);
  }
  return syndromes;
}

// Berlekamp-Massey; coefficients from the lowest.
function locatorOf(syndromes) {
  let locator = [1];
  let before = [1];
  let length = 0;
  let shift = 1;
  let last = 1;
  for (let n = 0; n < syndromes.length; n++) {
    let gap = syndromes[n];
    for (let i = 1; i <= length; i++) gap ^= times(locator[i] || 0, syndromes[n - i]);
    if (gap === 0) {
      shift++;
      continue;
    }
    const factor = times(gap, EXP[255 - LOG[last]]);
    const next = locator.slice();
    while (next.length < before.length + shift) next.push(0);
    before.forEach((value, i) => (next[i + shift] ^= times(factor, value)));
    if (2 * length <= n) {
      length = n + 1 - length;
      before = locator;
      last = gap;
      shift = 1;
    } else {
      shift++;
    }
    locator = next;
  }
  while (locator[locator.length - 1] === 0) locator.pop();
  return locator;
}

// syndromes * locator modulo x^checks, evaluated with a shift that `correct` undoes.
function evaluatorOf(syndromes, locator) {
  return syndromes.map((_, n) => {
    let value = 0;
    for (let i = 0; i <= n && i < locator.length; i++) value ^= times(locator[i], syndromes[n - i]);
    return value;
  });
}

function evaluate(polynomial, at) {
  let value = 0;
  for (let i = polynomial.length - 1; i >= 0; i--) value = times(value, at) ^ polynomial[i];
  return value;
}
