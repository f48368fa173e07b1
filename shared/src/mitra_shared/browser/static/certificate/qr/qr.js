// Reads the QR code in a picture: greys -> dark and light -> finders -> modules -> text (ISO/IEC 18004, all
// versions). Written for browsers without BarcodeDetector.
import { findFinders, triplesOf } from "./finders.js";
import { Greys } from "./greys.js";
import { layingsOf, modulesAt, sizesOf } from "./grid.js";
import { textOfModules } from "./modules.js";

// How far around a pixel is looked to call it dark, as shares of the shorter side.
const REACHES = [1 / 12, 1 / 30, 1 / 5];

// The text of the code in {data: RGBA, width, height}, or null: the one picture is looked at in every way there is.
// The page stays responsive between the tries.
export async function readPicture(image) {
  const greys = Greys.of(image);
  for (const size of sizesToTry(greys)) {
    for (const [tried, reach] of [...REACHES.map((share) => [size, share]), [size.inverted(), REACHES[0]]]) {
      const text = readGreys(tried, reach);
      if (text !== null) return text;
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  return null;
}

// The same of frame `number` of a camera: each in one way only, for the next frame is here soon.
export function readFrame(image, number) {
  const greys = Greys.of(image);
  const way = number % (REACHES.length + 1);
  return way === 1 ? readGreys(greys.halved(), REACHES[0]) : readGreys(greys, REACHES[Math.max(0, way - 1)]);
}

function* sizesToTry(greys) {
  yield greys;
  for (let smaller = greys.halved(); Math.min(smaller.width, smaller.height) >= 120; smaller = smaller.halved()) {
    yield smaller;
  }
}

function readGreys(greys, reach) {
  const pixels = Math.max(8, Math.round(Math.min(greys.width, greys.height) * reach));
  return readMarks(greys.against(pixels));
}

function readMarks(picture) {
  for (const triple of triplesOf(findFinders(picture))) {
    for (const size of sizesOf(picture, triple)) {
      for (const laying of layingsOf(picture, triple, size)) {
        const modules = modulesAt(picture, laying, size);
        const text = modules && textOfModules((x, y) => modules[y * size + x], size);
        if (text) return text;
      }
    }
  }
  return null;
}
