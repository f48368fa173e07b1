// Keeps the app on the phone, and takes a new version in where nothing is lost by it.
import { held, isThere } from "./certificates.js";
import { say } from "./language.js";
import { show } from "./parts.js";

/**
 * @param {() => boolean} isBusy whether somebody types what a reload would disturb
 * @param {() => void} tell that there is a new version
 */
export async function workOffline(isBusy, tell) {
  if (!("serviceWorker" in navigator)) return;
  const before = navigator.serviceWorker.controller;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (!before) return;
    if (isBusy()) tell();
    else location.reload();
  });
  try {
    await navigator.serviceWorker.register("/field/worker.js", { scope: "/field/" });
    await navigator.serviceWorker.ready;
    document.documentElement.dataset.offline = "ready";
  } catch (error) {
    console.warn("This browser does not keep the app:", /** @type {Error} */ (error).message);
    return;
  }
  // What verifies certificates without a network.
  if (isThere()) await held.prepare();
}

/** Says whether the browser may delete what is kept here. */
export async function showKept() {
  const isKept = navigator.storage?.persisted ? await navigator.storage.persisted() : false;
  show("kept-state", say(isKept ? "keptYes" : "keptNo"));
}
