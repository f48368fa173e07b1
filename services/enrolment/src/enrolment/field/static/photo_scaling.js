// Makes a picture from the camera small enough to lie on a cheap phone and to go over a slow link. What is drawn on a
// canvas and taken off again is the picture alone: place, time and device of the photo are left behind.
const LARGEST = 300_000;
const SIDES = [1_600, 1_200, 900];
const QUALITIES = [0.8, 0.65, 0.5, 0.35];
const PREVIEW = 320;
export const MEDIA_TYPE = "image/jpeg";

/** The browser cannot make a picture of it. */
export class UnreadablePicture extends Error {}

/** @param {Blob} file as the camera gave it @returns {Promise<Uint8Array>} a JPEG of at most 300 kB */
export async function scaledDown(file) {
  const picture = await pictureIn(file);
  try {
    for (const side of SIDES) {
      const canvas = drawn(picture, side, document.createElement("canvas"));
      for (const quality of QUALITIES) {
        const made = await jpegOf(canvas, quality);
        if (made.size <= LARGEST) return new Uint8Array(await made.arrayBuffer());
      }
    }
  } finally {
    picture.close();
  }
  throw new UnreadablePicture("it stays too large");
}

/** Draws a small one. @param {Uint8Array} bytes of a JPEG @param {HTMLCanvasElement} canvas */
export async function preview(bytes, canvas) {
  const picture = await pictureIn(new Blob([bytes], { type: MEDIA_TYPE }));
  drawn(picture, PREVIEW, canvas);
  picture.close();
}

/** @param {Blob} blob */
async function pictureIn(blob) {
  try {
    return await createImageBitmap(blob);
  } catch (error) {
    throw new UnreadablePicture(/** @type {Error} */ (error).message);
  }
}

/** @param {ImageBitmap} picture @param {number} side at most, in pixels @param {HTMLCanvasElement} canvas */
function drawn(picture, side, canvas) {
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** @param {HTMLCanvasElement} canvas @param {number} quality @returns {Promise<Blob>} */
function jpegOf(canvas, quality) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((made) => (made ? resolve(made) : reject(new UnreadablePicture("no JPEG came of it"))), MEDIA_TYPE, quality);
  });
}
