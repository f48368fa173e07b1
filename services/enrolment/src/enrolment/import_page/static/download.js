// Hands a file over to the browser, which asks or knows where to put it. The page itself keeps nothing of it.
import { make } from "./parts.js";

const LONG_ENOUGH_MS = 60_000;

/** @param {Blob} content @param {string} name */
export function handOver(content, name) {
  const address = URL.createObjectURL(new Blob([content], { type: "text/csv" }));
  make("a", null, { href: address, download: name }).click();
  // A browser that asks where to put it reads it later.
  setTimeout(() => URL.revokeObjectURL(address), LONG_ENOUGH_MS);
}
