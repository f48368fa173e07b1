// The camera: looks at frames until one holds a code, it is stopped, or the page is hidden.
import { textInFrame } from "./picture.js";

const BETWEEN_FRAMES_MS = 120;
const LONGEST_MS = 180_000;
const WISHED = { video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } }, audio: false };

// Why there is no code: "cameraRefused", "cameraMissing", "cameraBusy" or "cameraIdle" (keys of words/).
export class NoCamera extends Error {}

export class Camera {
  constructor(video) {
    this.video = video;
    this.stream = null;
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.stop();
    });
  }

  // The text of the first code seen; null where the camera was stopped before. Throws NoCamera.
  async read() {
    this.stop();
    const stream = await started();
    this.stream = stream;
    this.video.srcObject = stream;
    try {
      await this.video.play();
      const end = performance.now() + LONGEST_MS;
      for (let number = 0; this.stream === stream; number++) {
        if (performance.now() > end) throw new NoCamera("cameraIdle");
        const text = await textInFrame(this.video, number);
        if (text !== null) return this.stream === stream ? text : null;
        await new Promise((resolve) => setTimeout(resolve, BETWEEN_FRAMES_MS));
      }
      return null;
    } catch (error) {
      // play() is ended by a stop in between.
      if (this.stream !== stream) return null;
      throw error;
    } finally {
      if (this.stream === stream) this.stop();
      else halt(stream);
    }
  }

  stop() {
    if (this.stream === null) return;
    halt(this.stream);
    this.stream = null;
    this.video.srcObject = null;
  }
}

function halt(stream) {
  for (const track of stream.getTracks()) track.stop();
}

async function started() {
  if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) throw new NoCamera("cameraMissing");
  try {
    return await navigator.mediaDevices.getUserMedia(WISHED);
  } catch (error) {
    if (error.name === "NotAllowedError") throw new NoCamera("cameraRefused");
    if (error.name === "NotFoundError" || error.name === "OverconstrainedError") throw new NoCamera("cameraMissing");
    throw new NoCamera("cameraBusy");
  }
}
