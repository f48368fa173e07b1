// Meetings held and people met, by day and segment: counts, nobody is named. The last report of a day and segment
// counts, here and at the server, so it may be sent as often as it takes.
import { today } from "./clock.js";
import { done, transact } from "./database.js";
import { Refused } from "./net.js";
import { dayAfter } from "./round.js";
import { askSigned } from "./session.js";
import { inTurn } from "./turns.js";

const LOCK = "mitra-field-outreach";
/** Days that the server takes reports of. */
export const DAYS_BACK = 31;
export const MOST = { meetings: 50, people: 10_000 };
const OUTSIDE = "urn:mitra:problem:segment-outside-area";

/**
 * @typedef {{key: string, day: string, segment: string, meetings: number, people: number, change: string,
 *   state: "waiting" | "sent" | "refused", problem?: {type: string}}} Report
 */

/** @param {string} day @param {string} segment @param {number} meetings @param {number} people */
export function reportOutreach(day, segment, meetings, people) {
  const report = { key: `${day}/${segment}`, day, segment, meetings, people, change: crypto.randomUUID(), state: "waiting" };
  return transact(["outreach"], "readwrite", (store) => done(store("outreach").put(report)));
}

/** @returns {Promise<Report[]>} what was reported from this phone, the newest day first */
export async function reports() {
  const found = await transact(["outreach"], "readonly", (store) => done(store("outreach").getAll()));
  return found.reverse();
}

/** Sends what waits. @returns {Promise<void>} throws as net.js does; what waits stays then */
export const sendOutreach = inTurn(LOCK, async () => {
  // Looked for anew after each: what was written meanwhile goes too.
  for (let report; (report = (await reports()).find(({ state }) => state === "waiting")); ) await settle(report, await send(report));
  await forgetOld();
});

/** @param {Report} report @returns {Promise<{state: "sent" | "refused", problem?: {type: string}}>} */
async function send({ day, segment, meetings, people }) {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ meetings, people_met: people });
  try {
    await askSigned(`/v1/outreach/${day}/${encodeURIComponent(segment)}`, { method: "PUT", headers, body });
    return { state: "sent" };
  } catch (error) {
    const isAboutIt = error instanceof Refused && (error.isAboutTheBody || error.problem.type === OUTSIDE);
    if (!isAboutIt) throw error;
    return { state: "refused", problem: { type: error.problem.type } };
  }
}

/** @param {Report} sent @param {{state: "sent" | "refused", problem?: {type: string}}} told */
function settle(sent, told) {
  return transact(["outreach"], "readwrite", async (store) => {
    const report = await done(store("outreach").get(sent.key));
    // What was written anew meanwhile still waits.
    if (report?.change === sent.change) await done(store("outreach").put({ ...report, ...told }));
  });
}

function forgetOld() {
  const oldest = dayAfter(today(), -DAYS_BACK);
  return transact(["outreach"], "readwrite", async (store) => {
    for (const { key, day, state } of await done(store("outreach").getAll())) {
      if (day < oldest && state !== "waiting") await done(store("outreach").delete(key));
    }
  });
}
