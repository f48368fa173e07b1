// A picture as greys, and which of its pixels are dark beside what is around them.

export class Greys {
  constructor(greys, width, height) {
    this.greys = greys;
    this.width = width;
    this.height = height;
    this.sums = null;
  }

  // Of {data: RGBA, width, height}.
  static of({ data, width, height }) {
    const greys = new Uint8Array(width * height);
    for (let i = 0, at = 0; i < greys.length; i++, at += 4) {
      greys[i] = (data[at] * 77 + data[at + 1] * 151 + data[at + 2] * 28) >> 8;
    }
    return new Greys(greys, width, height);
  }

  inverted() {
    return new Greys(this.greys.map((grey) => 255 - grey), this.width, this.height);
  }

  // A quarter of the pixels, each the mean of four: noise and blur become smaller.
  halved() {
    const [width, height] = [this.width >> 1, this.height >> 1];
    const greys = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = 2 * y * this.width + 2 * x;
        const below = at + this.width;
        greys[y * width + x] =
          (this.greys[at] + this.greys[at + 1] + this.greys[below] + this.greys[below + 1] + 2) >> 2;
      }
    }
    return new Greys(greys, width, height);
  }

  // {greys, limits, dark, width, height}: a pixel is dark below its limit, the mean of `reach` pixels each way
  // less a little, so that smooth paper is light.
  against(reach) {
    const { greys, width, height } = this;
    const sums = this.sums || (this.sums = summed(greys, width, height));
    const limits = new Uint8Array(greys.length);
    const dark = new Uint8Array(greys.length);
    const row = width + 1;
    for (let y = 0; y < height; y++) {
      const [top, bottom] = [Math.max(0, y - reach) * row, Math.min(height, y + reach + 1) * row];
      const rows = (bottom - top) / row;
      for (let x = 0; x < width; x++) {
        const left = x > reach ? x - reach : 0;
        const right = x + reach + 1 < width ? x + reach + 1 : width;
        // The sums may overflow; their difference does not.
        const sum = (sums[bottom + right] - sums[bottom + left] - sums[top + right] + sums[top + left]) >>> 0;
        const at = y * width + x;
        limits[at] = Math.max(0, sum / (rows * (right - left)) - 5);
        dark[at] = greys[at] < limits[at] ? 1 : 0;
      }
    }
    return { greys, limits, dark, width, height };
  }
}

function summed(greys, width, height) {
  const sums = new Uint32Array((width + 1) * (height + 1));
  for (let y = 0; y < height; y++) {
    let line = 0;
    for (let x = 0; x < width; x++) {
      line += greys[y * width + x];
      sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + line;
    }
  }
  return sums;
}
