// What is sent of the work in the field besides people who were enrolled: outcomes of calls, outreach, and, when
// their moment has come, anonymous answers.
import { sendOutcomes } from "./outcomes.js";
import { sendOutreach } from "./outreach.js";
import { sendSheets } from "./sheets.js";
import { tried } from "./tried.js";

/** @returns {Promise<string | null>} the word for what keeps something here; null for nothing, or for want of a network */
export async function sendFieldWork() {
  const troubles = [await tried(sendOutcomes), await tried(sendOutreach), await tried(sendSheets)];
  return troubles.find((trouble) => trouble !== null) ?? null;
}
