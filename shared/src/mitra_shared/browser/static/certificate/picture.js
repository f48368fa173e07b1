// Finds the code in a picture or a frame of the camera: the browser's own reader where it has one, else ours.
import { Unreadable } from "./unreadable.js";

const BIGGEST_FILE = 30 * 2 ** 20;
// Enough for a code that fills a quarter of the picture, and quick on a small phone.
const WIDEST = 1_600;

// The text of the code in a picture file. Throws Unreadable: "big_picture", "no_picture" or "no_code".
export async function textInFile(file) {
  if (file.size > BIGGEST_FILE) throw new Unreadable("big_picture");
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch (error) {
    throw new Unreadable("no_picture");
  }
  try {
    const text = (await textByBrowser(picture)) || (await textByUs(picture));
    if (text === null) throw new Unreadable("no_code");
    return text;
  } finally {
    picture.close();
  }
}

// The text of the code in frame `number` of a video; null where none is found.
export async function textInFrame(video, number) {
  const { videoWidth: width, videoHeight: height } = video;
  if (!width || !height) return null;
  if (await browsersReader()) return textByBrowser(video);
  const { readFrame } = await import("./qr/qr.js");
  return readFrame(pixelsOf(video, width, height), number);
}

async function textByUs(picture) {
  const { readPicture } = await import("./qr/qr.js");
  return readPicture(pixelsOf(picture, picture.width, picture.height));
}

async function textByBrowser(source) {
  const own = await browsersReader();
  if (own === null) return null;
  const texts = (await own.detect(source)).map((code) => code.rawValue);
  // Beside a certificate's code there may be others on the table.
  return texts.find((text) => text.includes("/v#")) || texts[0] || null;
}

function pixelsOf(source, width, height) {
  const scale = Math.min(1, WIDEST / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  // Behind transparent pictures lies paper.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

let reader;

function browsersReader() {
  reader = reader || makeReader();
  return reader;
}

async function makeReader() {
  if (!("BarcodeDetector" in window)) return null;
  const formats = await BarcodeDetector.getSupportedFormats();
  return formats.includes("qr_code") ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
}
