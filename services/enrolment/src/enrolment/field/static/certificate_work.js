// What is done with the certificates service while the app is open. Whatever the trouble there, enrolling goes on.
import { sendHandOvers } from "./handovers.js";
import { Refused, Unreachable } from "./net.js";
import { lookAtCertificates } from "./people.js";
import { SignInNeeded } from "./session.js";
import { NoKey } from "./vault.js";

/**
 * Sends hand-overs that wait, and asks how certificates stand unless that is known.
 * @returns {Promise<string | null>} the word for what keeps hand-overs here; null for nothing, or for want of a network
 */
export async function workOnCertificates() {
  const trouble = await tried(sendHandOvers);
  await tried(() => lookAtCertificates({ again: false }));
  return trouble;
}

/** @param {() => Promise<void>} work */
async function tried(work) {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof Unreachable || error instanceof NoKey) return null;
    if (error instanceof SignInNeeded) return "state_signin";
    if (error instanceof Refused) return error.isPassing ? "state_busy" : "state_refused";
    console.error(error);
    return "state_fault";
  }
}
