// Finder patterns, the three squares in the corners of a QR code: dark and light as 1 : 1 : 3 : 1 : 1 across.

const MOST_FINDERS = 14;
const MOST_PLACES = 300;
const RAYS = 16;
const ENOUGH_RAYS = 12;
const MOST_TRIPLES = 8;

// Pixels from the middle of a finder to where it ends in a direction, [from dark, from light, from dark]: 3 : 5 : 7
// in every direction, however the picture was taken. Null where it does not end within `longest`.
export function edgesOf({ dark, width, height }, from, across, down, longest) {
  const edges = [];
  let colour = 1;
  for (let length = 0; length < longest; length += 0.25) {
    const [x, y] = [Math.floor(from.x + across * length), Math.floor(from.y + down * length)];
    const here = x >= 0 && y >= 0 && x < width && y < height ? dark[y * width + x] : 0;
    if (here === colour) continue;
    colour = here;
    if (edges.push(length) === 3) return edges;
  }
  return null;
}

// [{x, y, module: pixels, seen: times}] of a picture, the most often seen first.
export function findFinders(picture) {
  const { dark, width, height } = picture;
  const found = [];
  const step = height > 900 ? 2 : 1;
  for (let y = 0; y < height; y += step) {
    const runs = [0, 0, 0, 0, 0];
    let colour = 0;
    for (let x = 0; x <= width; x++) {
      const here = x < width ? dark[y * width + x] : 1 - colour;
      if (here === colour) {
        runs[4]++;
        continue;
      }
      if (colour === 1 && isFinder(runs)) {
        note(picture, found, crossed(dark, width, height, x - runs[4] - runs[3] - runs[2] / 2, y, sum(runs)));
      }
      runs.shift();
      runs.push(1);
      colour = here;
    }
  }
  return found.sort((a, b) => b.seen - a.seen).slice(0, MOST_FINDERS);
}

// Likely corners of one code, best first: {corner, right, below}, so that the code is not mirrored.
export function triplesOf(finders) {
  const triples = [];
  for (let a = 0; a < finders.length; a++) {
    for (let b = a + 1; b < finders.length; b++) {
      for (let c = b + 1; c < finders.length; c++) {
        const triple = cornered(finders[a], finders[b], finders[c]);
        if (triple) triples.push(triple);
      }
    }
  }
  return triples.sort((a, b) => a.oddness - b.oddness).slice(0, MOST_TRIPLES);
}

function sum(runs) {
  return runs[0] + runs[1] + runs[2] + runs[3] + runs[4];
}

function isFinder(runs) {
  const module = sum(runs) / 7;
  const slack = module * 0.5 + 0.6;
  return (
    module >= 1 &&
    Math.abs(runs[0] - module) <= slack &&
    Math.abs(runs[1] - module) <= slack &&
    Math.abs(runs[2] - 3 * module) <= 2 * slack &&
    Math.abs(runs[3] - module) <= slack &&
    Math.abs(runs[4] - module) <= slack
  );
}

// The finder whose middle was met at (x, y) in a row: looked at upwards, then across again. Null where it is none.
function crossed(dark, width, height, x, y, total) {
  const column = Math.floor(x);
  const upright = throughMiddle((at) => dark[at * width + column], height, y, 2 * total);
  if (upright === null || upright.total > 2.5 * total || total > 2.5 * upright.total) return null;
  const row = Math.floor(upright.middle);
  const across = throughMiddle((at) => dark[row * width + at], width, column, 2 * total);
  if (across === null) return null;
  return { x: across.middle, y: upright.middle, module: (across.total + upright.total) / 14, seen: 1 };
}

// The pattern around `start` on a line: {middle, total}, or null.
function throughMiddle(darkAt, end, start, longest) {
  if (!darkAt(start)) return null;
  const runs = [0, 0, 0, 0, 0];
  const walk = (from, step, places) => {
    let at = from;
    let colour = 1;
    for (const place of places) {
      while (at >= 0 && at < end && darkAt(at) === colour && runs[place] < longest) {
        runs[place]++;
        at += step;
      }
      colour = 1 - colour;
    }
    return at;
  };
  walk(start - 1, -1, [2, 1, 0]);
  const after = walk(start, 1, [2, 3, 4]);
  return isFinder(runs) ? { middle: after - runs[4] - runs[3] - runs[2] / 2, total: sum(runs) } : null;
}

// Rows and columns of data look like finders by chance; rings around a middle do not.
function isRinged(picture, finder) {
  let good = 0;
  for (let i = 0; i < RAYS; i++) {
    const angle = (2 * Math.PI * i) / RAYS;
    const edges = edgesOf(picture, finder, Math.cos(angle), Math.sin(angle), finder.module * 8);
    if (edges === null) continue;
    const slack = 0.1 + 0.5 / edges[2];
    if (Math.abs(edges[0] / edges[2] - 3 / 7) < slack && Math.abs(edges[1] / edges[2] - 5 / 7) < slack) good++;
  }
  return good >= ENOUGH_RAYS;
}

function note(picture, found, finder) {
  if (finder === null) return;
  for (const known of found) {
    const near = Math.abs(known.x - finder.x) < known.module * 2 && Math.abs(known.y - finder.y) < known.module * 2;
    if (near && Math.abs(known.module - finder.module) < Math.max(1, known.module * 0.5)) {
      for (const part of ["x", "y", "module"]) known[part] += (finder[part] - known[part]) / (known.seen + 1);
      known.seen++;
      return;
    }
  }
  if (found.length < MOST_PLACES && isRinged(picture, finder)) found.push(finder);
}

function cornered(a, b, c) {
  const modules = [a.module, b.module, c.module];
  const uneven = Math.max(...modules) / Math.min(...modules);
  if (uneven > 2) return null;
  const far = (p, q) => Math.hypot(p.x - q.x, p.y - q.y);
  // The corner lies opposite of the longest side.
  const [longest, corner, p, q] = [
    [far(b, c), a, b, c],
    [far(a, c), b, a, c],
    [far(a, b), c, a, b],
  ].sort((one, other) => other[0] - one[0])[0];
  const [one, other] = [far(corner, p), far(corner, q)];
  const least = 14 * 0.6 * Math.min(...modules);
  if (one < least || other < least || Math.max(one, other) > 2.2 * Math.min(one, other)) return null;
  const cosine = (one * one + other * other - longest * longest) / (2 * one * other);
  if (Math.abs(cosine) > 0.65) return null;
  const turn = (p.x - corner.x) * (q.y - corner.y) - (p.y - corner.y) * (q.x - corner.x);
  const seldom = [a, b, c].filter((finder) => finder.seen < 2).length;
  return {
    corner,
    right: turn > 0 ? p : q,
    below: turn > 0 ? q : p,
    oddness: Math.abs(cosine) + Math.abs(Math.log(one / other)) + 2 * Math.log(uneven) + seldom,
  };
}
