// What is done with the certificates service while the app is open. Whatever the trouble there, enrolling goes on.
import { sendHandOvers } from "./handovers.js";
import { lookAtCertificates } from "./people.js";
import { tried } from "./tried.js";

/**
 * Sends hand-overs that wait, and asks how certificates stand unless that is known.
 * @returns {Promise<string | null>} the word for what keeps hand-overs here; null for nothing, or for want of a network
 */
export async function workOnCertificates() {
  const trouble = await tried(sendHandOvers);
  await tried(() => lookAtCertificates({ again: false }));
  return trouble;
}
