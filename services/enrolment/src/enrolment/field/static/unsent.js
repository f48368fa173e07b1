// How much of this phone's work besides records the server does not have yet.
import { done, transact } from "./database.js";

const WITH_STATES = ["handovers", "outcomes", "outreach"];

/** @returns {Promise<number>} hand-overs, outcomes, reports of outreach and answer sheets that wait */
export function unsentWork() {
  return transact([...WITH_STATES, "sheets"], "readonly", async (store) => {
    let count = await done(store("sheets").count());
    for (const name of WITH_STATES) count += await done(store(name).index("by_state").count("waiting"));
    return count;
  });
}
