// Signing out, which takes along what was not sent: that has to be confirmed.
import { say } from "./language.js";
import { confirmed } from "./parts.js";
import { standing } from "./queue.js";
import { signOut } from "./session.js";
import { unsentWork } from "./unsent.js";

/** @returns {Promise<boolean>} whether somebody has signed out */
export async function leave() {
  const { waiting, refused, unreadable, photos } = await standing();
  const count = waiting + refused.length + unreadable.length + (await unsentWork());
  const unsent = photos.waiting + photos.refused.length;
  const lost = [
    count ? say("signOutLose", { count }) : "",
    unsent ? say("signOutLosePhotos", { count: unsent }) : "",
  ].filter(Boolean).join(" ");
  const isSure = lost
    ? await confirmed(lost, count ? say("signOutLoseYes", { count }) : say("signOutLosePhotosYes", { count: unsent }))
    : await confirmed(say("signOutAsk"), say("signOut"));
  if (isSure) await signOut();
  return isSure;
}
