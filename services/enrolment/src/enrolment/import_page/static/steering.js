// Decisions on an import: asked again where the network fails, unless a look shows that the server has carried them out.
import { importOf } from "./api.js";
import { isPassing, pause, pauseFor } from "./backoff.js";
import { Refused } from "./net.js";

const MOST_ATTEMPTS = 5;
const NOT_FOUND = 404;

/**
 * @param {import("./api.js").Import} seen before the decision
 * @param {() => Promise<unknown>} command
 */
export async function decide(seen, command) {
  for (let number = 1; ; number++) {
    try {
      if (number === 1 || (await isAsSeen(seen))) await command();
      return;
    } catch (error) {
      if (!isPassing(error) || number === MOST_ATTEMPTS) throw error;
      await pause(pauseFor(error, number - 1));
    }
  }
}

/** @param {import("./api.js").Import} seen */
async function isAsSeen({ id, state, preview }) {
  try {
    const now = await importOf(id);
    return now.state === state && now.preview === preview;
  } catch (error) {
    if (error instanceof Refused && error.status === NOT_FOUND) return false;
    throw error;
  }
}
