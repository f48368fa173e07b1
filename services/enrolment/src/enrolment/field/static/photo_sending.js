// Sends one photo of a signed paper. What the server will never take is put aside with the reason; whatever else goes
// wrong, the photo stays, and sync.js tries again.
import { today } from "./clock.js";
import { Refused } from "./net.js";
import { putBehind, refuse, sent } from "./paper_photos.js";
import { MEDIA_TYPE } from "./photo_scaling.js";
import { askSigned } from "./session.js";

// The server hangs up after 120 s.
const PATIENCE_MS = 115_000;
const FINAL = new Set([404, 409, 410, 413, 415, 422]);
const NO_CAMPAIGN = "urn:mitra:problem:no-campaign";

/** @param {{photo: import("./paper_photos.js").Photo, bytes: Uint8Array}} next */
export async function sendPhoto({ photo, bytes }) {
  // The clock may have been ahead when it was taken.
  const day = photo.day < today() ? photo.day : today();
  const put = { method: "PUT", headers: { "Content-Type": MEDIA_TYPE }, body: bytes };
  try {
    await askSigned(`/v1/mitras/${photo.mitra}/paper?taken_on=${day}`, put, PATIENCE_MS);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (!FINAL.has(error.status) || !error.isOurs || error.problem.type === NO_CAMPAIGN) {
      await putBehind(photo);
      throw error;
    }
    await refuse(photo, error.problem.type);
    return;
  }
  await sent(photo);
}
