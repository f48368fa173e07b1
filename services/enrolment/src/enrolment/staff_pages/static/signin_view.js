// Signing in, and in plain words why it did not work.
import { say } from "./language.js";
import { Refused, Unreachable } from "./net.js";
import { part, show } from "./parts.js";
import { signIn } from "./session.js";
import { NotHere } from "./session_api.js";

const TOO_MANY = 429;
/** @type {Object<string, string>} */
const WORDS = {
  "code-needed": "signinCode",
  "code-refused": "signinCodeWrong",
  "account-suspended": "signinNoPost",
  "no-post": "signinNoPost",
};

/** @param {() => Promise<void>} then after somebody has signed in */
export function prepareSignIn(then) {
  const button = part("signin").querySelector("button");
  part("signin").addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    show("signin-trouble", null);
    try {
      await signIn(part("login").value.trim(), part("password").value, part("code").value.trim());
    } catch (error) {
      show("signin-trouble", trouble(error));
      return;
    } finally {
      button.disabled = false;
    }
    part("signin").reset();
    await then();
  });
}

/** @param {unknown} error */
function trouble(error) {
  if (error instanceof Unreachable) return say("signinOffline");
  if (error instanceof NotHere) return say(error.word, error.values);
  if (!(error instanceof Refused)) {
    console.error(error);
    return say("signinFailed");
  }
  if (error.status === TOO_MANY) return say("signinWait", { seconds: error.retryAfter ?? 60 });
  if (error.isPassing) return say("signinFailed");
  return say(WORDS[String(error.problem.type).split(":").pop()] || "signinWrong");
}
