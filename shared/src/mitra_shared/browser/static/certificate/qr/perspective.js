// The perspective that carries the plane of a code to a picture, fitted to what was recognised.

// `marks`: [{x, y: pixels, column, row: modules, or undefined where only the other is known, weight}].
// A function of (column, row) to {x, y}, the best in the sense of least squares; null where the marks leave it open.
export function perspective(marks) {
  const scale = unit(marks);
  const sums = Array.from({ length: 8 }, () => new Array(9).fill(0));
  const add = (coefficients, weight) => {
    for (let i = 0; i < 8; i++) for (let j = 0; j < 9; j++) sums[i][j] += weight * coefficients[i] * coefficients[j];
  };
  // column = (a x + b y + c) / (g x + h y + 1), row = (d x + e y + f) / (g x + h y + 1), from pixels to modules.
  for (const { x: pixelX, y: pixelY, column, row, weight } of marks) {
    const [x, y] = [(pixelX - scale.x) / scale.pixels, (pixelY - scale.y) / scale.pixels];
    if (column !== undefined) add([x, y, 1, 0, 0, 0, -column * x, -column * y, column], weight);
    if (row !== undefined) add([0, 0, 0, x, y, 1, -row * x, -row * y, row], weight);
  }
  const found = solved(sums);
  const back = found && inverse([...found, 1]);
  if (!back) return null;
  const [a, b, c, d, e, f, g, h, i] = back;
  return (column, row) => {
    const depth = g * column + h * row + i;
    return {
      x: ((a * column + b * row + c) / depth) * scale.pixels + scale.x,
      y: ((d * column + e * row + f) / depth) * scale.pixels + scale.y,
    };
  };
}

// Middle and extent, so that all numbers of the sums are of one size.
function unit(marks) {
  const x = marks.reduce((sum, mark) => sum + mark.x, 0) / marks.length;
  const y = marks.reduce((sum, mark) => sum + mark.y, 0) / marks.length;
  return { x, y, pixels: Math.max(1, ...marks.map((mark) => Math.hypot(mark.x - x, mark.y - y))) };
}

// Gauss with pivots; null where the rows depend on each other.
function solved(rows) {
  const count = rows.length;
  for (let column = 0; column < count; column++) {
    let pivot = column;
    for (let row = column + 1; row < count; row++) {
      if (Math.abs(rows[row][column]) > Math.abs(rows[pivot][column])) pivot = row;
    }
    if (!(Math.abs(rows[pivot][column]) > 1e-12)) return null;
    [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
    for (let row = 0; row < count; row++) {
      if (row === column) continue;
      const factor = rows[row][column] / rows[column][column];
      for (let i = column; i <= count; i++) rows[row][i] -= factor * rows[column][i];
    }
  }
  return rows.map((row, i) => row[count] / row[i]);
}

// Of a 3 x 3 matrix, up to a factor; null where there is none.
function inverse([a, b, c, d, e, f, g, h, i]) {
  const [first, second, third] = [e * i - f * h, f * g - d * i, d * h - e * g];
  if (!(Math.abs(a * first + b * second + c * third) > 1e-12)) return null;
  return [first, c * h - b * i, b * f - c * e, second, a * i - c * g, c * d - a * f, third, b * g - a * h, a * e - b * d];
}
