// What stands around the list of contacts: the round and who is due, what waits to be sent, and what was refused.
import { named } from "./campaign.js";
import { moment } from "./certificate/shown.js";
import { read } from "./database.js";
import { language, say } from "./language.js";
import { forgetOutcome, notedIn, outcomesHere } from "./outcomes.js";
import { make, part, show, written } from "./parts.js";
import { reasonOf } from "./reasons.js";
import { showRows } from "./rows.js";
import { forgetRefusedSheets, sheetsHere } from "./sheets.js";

/** @param {import("./round.js").Round | null} round */
export async function showRound(round) {
  part("round-state").textContent = round === null
    ? say("roundNone")
    : say("roundOpen", { name: named(round.name, language()), day: written(round.closes_on) });
  const due = await read("due");
  const isKnown = round !== null && due?.round === round.id;
  show("due-state", round === null ? null
    : isKnown ? say("dueNow", { count: due.count, when: moment(due.at / 1000) }) : say("dueUnknown"));
}

/**
 * What waits, and what was refused and why.
 * @param {import("./calls.js").Call[]} calls of today: they still know a name @param {string | null} trouble @param {() => void} changed
 */
export async function showUnsent(calls, trouble, changed) {
  const [outcomes, sheets] = [await outcomesHere(), await sheetsHere()];
  part("outcomes-waiting").textContent = outcomes.waiting;
  part("sheets-waiting").textContent = sheets.waiting;
  show("outcomes-trouble", outcomes.waiting && trouble ? say(trouble) : null);
  const refused = await Promise.all(outcomes.refused.map((row) => refusedOutcome(row, calls)));
  const counts = Object.entries(sheets.refused).map(([type, count]) => say("sheetsRefused", { count, reason: reasonOf({ type }) }));
  if (counts.length) {
    refused.push({ stands: sheets.refused, what: say("sheetsTitle"), why: counts.join(" "), forget: forgetRefusedSheets });
  }
  part("not-taken-part").hidden = !refused.length;
  showRows(part("not-taken"), refused, ({ stands }) => stands, (each) => item(each, changed));
}

/** @typedef {{stands: unknown, what: string, why: string, forget: () => Promise<unknown>}} NotTaken */

/** @param {import("./outcomes.js").Row} row @param {import("./calls.js").Call[]} calls @returns {Promise<NotTaken>} */
async function refusedOutcome(row, calls) {
  const noted = await notedIn(row);
  const call = calls.find(({ person }) => person.mitra === noted?.mitra_id);
  // After its day the name is not here any more; of whoever asked to stop the id is what an in-charge needs.
  const unnamed = noted?.outcome === "asked_to_stop" ? noted.mitra_id : say("somebody");
  const who = [call?.person.name ?? unnamed, noted && written(noted.day), noted && say(`outcome_${noted.outcome}`)];
  return {
    stands: [row.contact, call !== undefined],
    what: who.filter(Boolean).join(" · "), why: reasonOf(row.problem), forget: () => forgetOutcome(row.contact),
  };
}

/** @param {NotTaken} notTaken @param {() => void} changed */
function item({ what, why, forget }, changed) {
  const made = make("li", null);
  const away = make("button", say("handOverSeen"), { type: "button", class: "quiet" });
  away.addEventListener("click", async () => {
    await forget();
    changed();
  });
  const about = make("p", null);
  about.append(make("bdi", what, { dir: "auto" }));
  made.append(about, make("p", why, { class: "why" }), away);
  return made;
}
