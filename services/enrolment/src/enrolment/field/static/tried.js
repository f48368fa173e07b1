// Work with the services beside enrolling: whatever the trouble there, the app goes on.
import { Refused, Unreachable } from "./net.js";
import { SignInNeeded } from "./session_api.js";
import { NoKey } from "./vault.js";

/**
 * @param {() => Promise<unknown>} work
 * @returns {Promise<string | null>} the word for what keeps it from being done; null for nothing, or for want of a network
 */
export async function tried(work) {
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
