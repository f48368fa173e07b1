// Reporting meetings and people met, and what was reported from this phone.
import { named } from "./campaign.js";
import { today } from "./clock.js";
import { language, say } from "./language.js";
import { DAYS_BACK, MOST, reportOutreach, reports } from "./outreach.js";
import { make, part, show, written } from "./parts.js";
import { reasonOf } from "./reasons.js";
import { dayAfter } from "./round.js";

const WHOLE = /^\d{1,6}$/;
const MOST_SHOWN = 20;

/** @param {() => void} reported called after each report that was kept */
export function prepareOutreach(reported) {
  part("outreach").addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    const [meetings, people] = [part("meetings").value, part("people-met").value];
    const segment = part("outreach-segment").value;
    const wrong = mistake(segment, meetings, people);
    show("outreach-said", null);
    show("outreach-trouble", wrong);
    if (wrong !== null) return;
    try {
      await reportOutreach(part("outreach-day").value, segment, Number(meetings), Number(people));
    } catch (error) {
      const isFull = /** @type {Error} */ (error).name === "QuotaExceededError";
      if (!isFull) console.error(error);
      return show("outreach-trouble", say(isFull ? "diskFull" : "notStored"));
    }
    show("outreach-said", say("stored"));
    reported();
  });
  for (const id of ["outreach-day", "outreach-segment"]) part(id).addEventListener("change", fillIn);
}

/** @param {import("./campaign.js").Campaign | undefined} campaign */
export async function showOutreach(campaign) {
  const mine = language();
  const days = Array.from({ length: DAYS_BACK + 1 }, (_, back) => dayAfter(today(), -back));
  options("outreach-day", days.map((day, back) =>
    ({ value: day, text: back < 2 ? say(back ? "yesterday" : "today", { day: written(day) }) : written(day), lang: mine })));
  options("outreach-segment", [{ value: "", text: say("choose"), lang: mine }, ...(campaign?.segments ?? []).map((each) =>
    ({ value: each.code, text: named(each.name, mine), lang: each.name[mine] ? mine : "en" }))]);
  const names = new Map(campaign?.segments.map(({ code, name }) => [code, named(name, mine)]));
  part("outreach-reports").replaceChildren(...(await reports()).slice(0, MOST_SHOWN).map((report) => row(report, names)));
}

/** What was reported of this day and segment stands in the form, to be added to. */
async function fillIn() {
  const [meetings, people] = [part("meetings"), part("people-met")];
  const chosen = () => `${part("outreach-day").value}/${part("outreach-segment").value}`;
  const key = chosen();
  meetings.value = people.value = "";
  show("outreach-said", null);
  show("outreach-trouble", null);
  const known = (await reports()).find((report) => report.key === key);
  // What was typed meanwhile stays.
  if (known === undefined || chosen() !== key) return;
  meetings.value ||= known.meetings;
  people.value ||= known.people;
}

/** @param {string} place @param {{value: string, text: string, lang: string}[]} choices */
function options(place, choices) {
  const before = part(place).value;
  part(place).replaceChildren(...choices.map(({ value, text, lang }) => make("option", text, { value, lang })));
  if (choices.some(({ value }) => value === before)) part(place).value = before;
}

/** @param {string} segment @param {string} meetings @param {string} people */
function mistake(segment, meetings, people) {
  if (!segment) return say("fix", { fields: say("wrong_segment") });
  if (!isWhole(meetings, MOST.meetings)) return say("wrongMeetings", { most: MOST.meetings });
  return isWhole(people, MOST.people) ? null : say("wrongPeopleMet", { most: MOST.people });
}

/** @param {string} typed @param {number} most */
function isWhole(typed, most) {
  return WHOLE.test(typed) && Number(typed) <= most;
}

/** @param {import("./outreach.js").Report} report @param {Map<string, string>} names of segments */
function row(report, names) {
  const item = make("li", null, { "data-state": report.state });
  const when = make("p", null);
  when.append(make("bdi", written(report.day), { dir: "ltr" }), " · ", make("bdi", names.get(report.segment) ?? report.segment, { dir: "auto" }));
  const did = `${say("meetings")}: ${report.meetings} · ${say("peopleMet")}: ${report.people}`;
  const stands = report.problem ? reasonOf(report.problem) : say(`outreach_${report.state}`);
  item.append(when, make("p", did), make("p", stands, { class: report.problem ? "why" : "small" }));
  return item;
}
