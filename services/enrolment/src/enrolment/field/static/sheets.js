// Anonymous answer sheets. A sheet is sealed under a random id, with its round, segment and answers: no person, no
// call, no time, no order. The screen that fills them in (opinions.js) and the sending know nothing else.
import { now, today } from "./clock.js";
import { keptCampaign } from "./campaign.js";
import { done, read, transact } from "./database.js";
import { Refused, jsonBody } from "./net.js";
import { isEnding } from "./round.js";
import { askSigned } from "./session.js";
import { isTooFar, keepSheetsApart, moveApart, shuffled } from "./sheet_moment.js";
import { inTurn } from "./turns.js";
import { CannotOpen, NoKey, seal, unseal } from "./vault.js";

const LOCK = "mitra-field-sheets";
/** Fewer than that do not go, unless the round is about to end: one alone would stand beside one call. */
export const FEWEST_TOGETHER = 3;
const OUTSIDE = "urn:mitra:problem:segment-outside-area";

/** @typedef {{round: string, segment: string, answers: Object<string, string | number | string[]>}} Sheet */

/** @param {string} id */
const placeOf = (id) => `sheet:${id}`;

/** Keeps a sheet, once for each id. @param {string} id random, for this sheet alone @param {Sheet} sheet */
export async function keepSheet(id, { round, segment, answers }) {
  const { nonce, sealed } = await seal({ round, segment, answers }, placeOf(id));
  await transact(["meta", "sheets"], "readwrite", async (store) => {
    if (!(await done(store("meta").get("vault")))) throw new NoKey();
    await moveApart(store);
    await done(store("sheets").put({ id, nonce, sealed }));
  });
}

/** @returns {Promise<{waiting: number, refused: Object<string, number>}>} refused: how many, by the type of the problem */
export function sheetsHere() {
  return transact(["meta", "sheets"], "readonly", async (store) => ({
    waiting: await done(store("sheets").count()),
    refused: (await done(store("meta").get("sheetsRefused"))) ?? {},
  }));
}

/** What was refused has been read. */
export function forgetRefusedSheets() {
  return transact(["meta"], "readwrite", (store) => done(store("meta").delete("sheetsRefused")));
}

/**
 * Sends all sheets in random order, once their moment has come; while an outcome waits to be sent it has not.
 * @returns {Promise<void>} throws as net.js does; what was not sent waits for another moment then
 */
export const sendSheets = inTurn(LOCK, async () => {
  const moment = await momentThatCame();
  if (moment === null) return;
  const sheets = shuffled(await all());
  if (!(await mayGo(sheets))) return;
  try {
    for (const { id, sheet } of sheets) {
      // An outcome that is noted or sent meanwhile ends the moment: the others wait for the next one.
      if ((await momentThatCame()) !== moment) return;
      await take(id, await refusalOf(id, sheet));
    }
  } catch (error) {
    await keepSheetsApart();
    throw error;
  }
});

/** @returns {Promise<number | null>} null where it has not come yet */
async function momentThatCame() {
  // One that was drawn by a clock far ahead would not come.
  if (isTooFar(await read("sheetsAt"), now())) await keepSheetsApart();
  const moment = await read("sheetsAt");
  const waiting = await transact(["outcomes"], "readonly", (store) =>
    done(store("outcomes").index("by_state").count("waiting")));
  return moment !== undefined && now() >= moment && waiting === 0 ? moment : null;
}

/** @param {{sheet: Sheet}[]} sheets */
async function mayGo(sheets) {
  if (sheets.length >= FEWEST_TOGETHER) return true;
  const rounds = (await keptCampaign())?.rounds ?? [];
  return sheets.some(({ sheet }) => isEnding(rounds.find(({ id }) => id === sheet.round), today()));
}

/** @param {string} id @param {Sheet} sheet @returns {Promise<string | null>} the type of the problem; null where it was received */
async function refusalOf(id, sheet) {
  try {
    await askSigned("/v1/opinions", await jsonBody({ submission_id: id, ...sheet }));
    return null;
  } catch (error) {
    const isAboutIt = error instanceof Refused && (error.isAboutTheBody || error.problem.type === OUTSIDE);
    if (!isAboutIt) throw error;
    return error.problem.type;
  }
}

/** @param {string} id @param {string | null} refusal */
function take(id, refusal) {
  return transact(["meta", "sheets"], "readwrite", async (store) => {
    await done(store("sheets").delete(id));
    if (refusal === null) return;
    const counts = (await done(store("meta").get("sheetsRefused"))) ?? {};
    await done(store("meta").put({ ...counts, [refusal]: (counts[refusal] ?? 0) + 1 }, "sheetsRefused"));
  });
}

/** Those that can be opened. @returns {Promise<{id: string, sheet: Sheet}[]>} */
async function all() {
  const opened = [];
  for (const row of await transact(["sheets"], "readonly", (store) => done(store("sheets").getAll()))) {
    try {
      opened.push({ id: row.id, sheet: await unseal(row, placeOf(row.id)) });
    } catch (error) {
      if (!(error instanceof CannotOpen)) throw error;
      await take(row.id, "damaged");
    }
  }
  return opened;
}
