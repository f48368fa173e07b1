// Where the modules of a code lie in a picture: from its finders and alignment patterns to a square of modules.
import { edgesOf } from "./finders.js";
import { alignmentCentres, alignmentsOf, sizeOf } from "./layout.js";
import { perspective } from "./perspective.js";

const ALIGNMENT = [1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1];
const ENOUGH_OF_ALIGNMENT = 21;
// Modules that the lower right may be away from where the finders alone have it.
const ROUGHLY = 5;
// Modules that bent paper may lift an alignment pattern from where flat paper has it.
const BENT = 3.5;

// Sizes in modules that three finders can belong to, the likeliest first.
export function sizesOf(picture, { corner, right, below }) {
  const likely = [timingSize(picture, corner, right, below), timingSize(picture, corner, below, right)];
  const guess = Math.round((measuredSize(picture, corner, right) + measuredSize(picture, corner, below)) / 2);
  const sizes = [];
  for (const size of [...likely, ...[0, 4, -4, 8, -8].map((more) => guess + more)]) {
    const nearest = 17 + 4 * Math.min(40, Math.max(1, Math.round((size - 17) / 4)));
    if (Number.isFinite(nearest) && !sizes.includes(nearest)) sizes.push(nearest);
  }
  return sizes;
}

// Ways to lay `size` modules over the picture, each a function of (column, row) to {x, y}: flat paper first, then
// bent paper, where each part follows the alignment patterns around it.
export function* layingsOf(picture, triple, size) {
  const version = (size - 17) / 4;
  const marks = finderMarks(picture, triple, size);
  const rough = perspective(marks);
  if (rough === null) return;
  if (version > 1) {
    const last = size - 6.5;
    for (const { x, y } of alignmentsNear(picture, rough, last, last, ROUGHLY, 0.5, [1, 0.9, 1.1]).slice(0, 3)) {
      const flat = perspective([...marks, { x, y, column: last, row: last, weight: 4 }]);
      if (flat === null) continue;
      yield flat;
      if (version >= 7) yield bent(picture, flat, version);
    }
  }
  yield rough;
}

// Modules as 0 and 1, row by row; null where too much of the code lies outside of the picture.
export function modulesAt({ greys, limits, width, height }, laying, size) {
  const modules = new Uint8Array(size * size);
  let outside = 0;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      let depth = 0;
      for (const [across, down] of [[0.5, 0.5], [0.3, 0.5], [0.7, 0.5], [0.5, 0.3], [0.5, 0.7]]) {
        const point = laying(x + across, y + down);
        const [column, row] = [Math.floor(point.x), Math.floor(point.y)];
        if (!(column >= 0 && row >= 0 && column < width && row < height)) {
          outside++;
          continue;
        }
        depth += limits[row * width + column] - greys[row * width + column];
      }
      modules[y * size + x] = depth > 0 ? 1 : 0;
    }
  }
  return outside > size * size * 0.2 ? null : modules;
}

function isDark({ dark, width, height }, x, y) {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  return column >= 0 && row >= 0 && column < width && row < height ? dark[row * width + column] : 0;
}

// Middles and edges of the finders. Rays from a middle end on an edge, a straight line, wherever they meet it: so
// the edges tell how the code recedes, though only one of column and row is known of a point on them.
function finderMarks(picture, { corner, right, below }, size) {
  const marks = [];
  const end = size - 3.5;
  const [across, down] = [towards(corner, right), towards(corner, below)];
  for (const [finder, column, row] of [[corner, 3.5, 3.5], [right, end, 3.5], [below, 3.5, end]]) {
    marks.push({ x: finder.x, y: finder.y, column, row, weight: 1 });
    for (const side of [-1, 1]) {
      for (const slope of [-0.7, 0, 0.7]) {
        const flat = edgeMark(picture, finder, side, across, slope, down);
        if (flat) marks.push({ ...flat, column: column + side * 3.5, weight: 0.5 });
        const upright = edgeMark(picture, finder, side, down, slope, across);
        if (upright) marks.push({ ...upright, row: row + side * 3.5, weight: 0.5 });
      }
    }
  }
  return marks;
}

function towards(from, to) {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  return { x: (to.x - from.x) / length, y: (to.y - from.y) / length };
}

function edgeMark(picture, finder, side, way, slope, aside) {
  const [x, y] = [side * way.x + slope * aside.x, side * way.y + slope * aside.y];
  const edges = edgesOf(picture, finder, x, y, finder.module * 8);
  return edges && { x: finder.x + x * edges[2], y: finder.y + y * edges[2] };
}

// Pixels of a module at `finder`, in the direction from one point to another.
function moduleTowards(picture, finder, from, to) {
  const { x, y } = towards(from, to);
  const longest = finder.module * 8;
  const [one, other] = [edgesOf(picture, finder, x, y, longest), edgesOf(picture, finder, -x, -y, longest)];
  return { size: one && other ? (one[2] + other[2]) / 7 : finder.module, x, y };
}

function measuredSize(picture, from, to) {
  const module = (moduleTowards(picture, from, from, to).size + moduleTowards(picture, to, from, to).size) / 2;
  return Math.hypot(to.x - from.x, to.y - from.y) / module + 7;
}

// Modules of the timing pattern change from each to the next, between the finders' inner edges.
function timingSize(picture, corner, to, other) {
  const inward = (finder) => {
    const { size, x, y } = moduleTowards(picture, finder, corner, other);
    return { x: finder.x + 3 * size * x, y: finder.y + 3 * size * y };
  };
  const [start, end] = [inward(corner), inward(to)];
  const steps = Math.ceil(Math.hypot(end.x - start.x, end.y - start.y) * 2);
  let changes = 0;
  let before = 1;
  for (let i = 0; i <= steps; i++) {
    const part = i / steps;
    const here = isDark(picture, start.x + (end.x - start.x) * part, start.y + (end.y - start.y) * part);
    if (here !== before) changes++;
    before = here;
  }
  return changes + 13;
}

// Middles of what looks like an alignment pattern around a module, the likest first.
function alignmentsNear(picture, laying, column, row, reach, step, scales) {
  const middle = laying(column, row);
  const [right, below] = [laying(column + 1, row), laying(column, row + 1)];
  const across = { x: right.x - middle.x, y: right.y - middle.y };
  const down = { x: below.x - middle.x, y: below.y - middle.y };
  const found = [];
  for (const scale of scales) {
    for (let b = -reach; b <= reach; b += step) {
      for (let a = -reach; a <= reach; a += step) {
        const x = middle.x + a * across.x + b * down.x;
        const y = middle.y + a * across.y + b * down.y;
        if (!isDark(picture, x, y)) continue;
        const like = likeness(picture, x, y, across, down, scale);
        if (like >= ENOUGH_OF_ALIGNMENT) found.push({ x, y, like: like - Math.hypot(a, b) / (4 * reach) });
      }
    }
  }
  return merged(found, Math.hypot(across.x, across.y));
}

function likeness(picture, x, y, across, down, scale) {
  let like = 0;
  for (let i = 0; i < 25; i++) {
    const [a, b] = [((i % 5) - 2) * scale, (Math.floor(i / 5) - 2) * scale];
    const dark = isDark(picture, x + a * across.x + b * down.x, y + a * across.y + b * down.y);
    if (dark === ALIGNMENT[i]) like++;
    if (i - like > 24 - ENOUGH_OF_ALIGNMENT + 1) return 0;
  }
  return like;
}

// One place of those that lie together: the mean of the likest.
function merged(found, module) {
  const places = [];
  for (const one of found.sort((a, b) => b.like - a.like)) {
    const near = places.find((place) => Math.hypot(place.best.x - one.x, place.best.y - one.y) < module * 1.5);
    if (!near) places.push({ best: one, x: one.x, y: one.y, count: 1 });
    else if (one.like > near.best.like - 0.6) {
      near.count++;
      near.x += (one.x - near.x) / near.count;
      near.y += (one.y - near.y) / near.count;
    }
    if (places.length > 8) break;
  }
  return places;
}

// A laying whose parts lie between neighbouring alignment patterns; those not found stay where flat paper has them.
function bent(picture, flat, version) {
  const places = alignmentsOf(version);
  const nodes = new Map();
  for (const [x, y] of alignmentCentres(version)) {
    const [seen] = alignmentsNear(picture, flat, x + 0.5, y + 0.5, BENT, 0.25, [1]);
    if (seen) nodes.set(`${x} ${y}`, seen);
  }
  const node = (x, y) => {
    const at = nodes.get(`${x} ${y}`) || flat(x + 0.5, y + 0.5);
    return { x: at.x, y: at.y, column: x + 0.5, row: y + 0.5, weight: 1 };
  };
  const parts = places.slice(1).map((bottom, j) =>
    places.slice(1).map((right, i) => {
      const [left, top] = [places[i], places[j]];
      return perspective([node(left, top), node(right, top), node(left, bottom), node(right, bottom)]) || flat;
    }),
  );
  const partOf = (module) => {
    let part = 0;
    while (part < places.length - 2 && module > places[part + 1] + 0.5) part++;
    return part;
  };
  const columns = Array.from({ length: sizeOf(version) }, (_, module) => partOf(module + 0.5));
  return (x, y) => parts[columns[Math.floor(y)]][columns[Math.floor(x)]](x, y);
}
