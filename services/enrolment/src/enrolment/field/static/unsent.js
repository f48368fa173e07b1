// How much of this phone's work besides records would be lost with it.
import { done, transact } from "./database.js";

const WITH_STATES = ["handovers", "outcomes", "outreach"];

/**
 * @returns {Promise<number>} hand-overs, outcomes, reports of outreach and answer sheets that wait, and outcomes that were
 *   refused: one may be the only trace of somebody who asked to stop
 */
export function unsentWork() {
  return transact([...WITH_STATES, "sheets"], "readonly", async (store) => {
    let count = (await done(store("sheets").count())) + (await done(store("outcomes").index("by_state").count("refused")));
    for (const name of WITH_STATES) count += await done(store(name).index("by_state").count("waiting"));
    return count;
  });
}
