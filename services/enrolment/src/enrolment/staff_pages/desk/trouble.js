// What did not work, in words; and who has to sign in again.
import { say } from "./language.js";
import { Refused, Unreachable } from "./net.js";
import { show } from "./parts.js";
import { reasonOf } from "./reasons.js";
import { SignInNeeded } from "./session_api.js";

let askToSignIn = () => {};

/** @param {() => void} ask is called where the session has ended */
export function whenSignInIsNeeded(ask) {
  askToSignIn = ask;
}

/**
 * Does something, and says in `place` what kept it from being done.
 * @param {string} place @param {() => Promise<unknown>} work @param {(error: unknown) => string | null} [own] words for errors of its own
 * @returns {Promise<boolean>} whether it was done
 */
export async function attempt(place, work, own = () => null) {
  show(place, null);
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof SignInNeeded) askToSignIn();
    else show(place, own(error) ?? inWords(error));
    return false;
  }
}

/** @param {unknown} error */
function inWords(error) {
  if (error instanceof Unreachable) return say("offline");
  if (error instanceof Refused) return error.isPassing ? say("busy") : reasonOf(error.problem);
  console.error(error);
  return say("fault");
}
