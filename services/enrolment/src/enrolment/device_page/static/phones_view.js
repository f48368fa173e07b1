// The phones, by member of staff: whether all is here, and when each was last heard of.
import { missingOf } from "./api.js";
import { number, time } from "./figures.js";
import { language, say } from "./language.js";
import { make, part, show } from "./parts.js";
import { attempt } from "./trouble.js";

const DAY_MS = 86_400_000;
const INDIA_MS = 5.5 * 3_600_000;
const SHOWN_OF_ID = 6;

/** @typedef {import("./api.js").Phone} Phone */

/** @param {Phone[] | null} phones null: nothing was looked at @param {Map<string, string>} names of staff, by id */
export function showPhones(phones, names) {
  show("sum", phones === null ? null : sum(phones));
  part("phones").replaceChildren(...[...byStaff(phones ?? [])].map(([staff, own], index) =>
    card(names.get(staff) ?? staff, own, `staff-${index}`)));
}

/** @param {Phone[]} phones */
function sum(phones) {
  if (phones.length === 0) return say("none");
  const missing = phones.reduce((before, { missing: more }) => before + more, 0);
  return say(missing ? "sumMissing" : "sumAll", { phones: number(phones.length), missing: number(missing) });
}

/** @param {Phone[]} phones @returns {Map<string, Phone[]>} */
function byStaff(phones) {
  const found = new Map();
  for (const phone of phones) found.set(phone.staff, [...(found.get(phone.staff) ?? []), phone]);
  return found;
}

/** @param {string} name @param {Phone[]} own @param {string} id */
function card(name, own, id) {
  const place = make("div", null, { class: "card" });
  const table = make("table", null, { "aria-labelledby": id });
  const [head, body] = [make("thead", null), make("tbody", null)];
  const columns = make("tr", null);
  columns.append(...["column_phone", "column_records", "column_heard"].map((key) => make("th", say(key), { scope: "col" })));
  head.append(columns);
  body.append(...own.map(row));
  table.append(head, body);
  const heading = make("h2", null, { id });
  heading.append(make("bdi", name, { dir: "auto" }));
  place.append(
    heading,
    make("p", say("papers", { count: number(own[0].papers_without_photo) }), own[0].papers_without_photo ? { class: "why" } : {}),
    table,
  );
  return place;
}

/** @param {Phone} phone */
function row(phone) {
  const line = make("tr", null);
  const which = make("th", say("phoneSince", { day: dayOf(phone.registered_at) }), { scope: "row" });
  which.append(make("p", say("phoneId", { id: phone.id.slice(-SHOWN_OF_ID) }), { class: "small" }));
  const records = make("td", null);
  records.append(phone.missing ? missing(phone) : say(phone.highest ? "allHere" : "noRecords", { count: number(phone.highest) }));
  const heard = make("td", time(phone.synced_at));
  heard.append(make("p", ago(phone.synced_at), { class: "small" }));
  line.append(which, records, heard);
  return line;
}

/** How many are missing; which ones, once somebody opens it. @param {Phone} phone */
function missing(phone) {
  const details = make("details", null);
  const trouble = `trouble-${phone.id}`;
  const numbers = make("p", null);
  details.append(
    make("summary", say("missing", { count: number(phone.missing) }), { class: "why" }),
    numbers,
    make("p", null, { id: trouble, class: "trouble", role: "alert", hidden: "" }),
  );
  details.addEventListener("toggle", async () => {
    if (!details.open || numbers.textContent) return;
    await attempt(trouble, async () => {
      numbers.textContent = numbersIn(await missingOf(phone.id));
    });
  });
  return details;
}

/** @param {import("./api.js").Missing} found */
function numbersIn({ missing_ranges: ranges, listed_to: listedTo, highest }) {
  if (ranges.length === 0) return say("missingCame");
  const said = ranges.map(([first, last]) =>
    first === last ? number(first) : say("range", { first: number(first), last: number(last) })).join(", ");
  return listedTo < highest ? say("numbersAndMore", { numbers: said, after: number(listedTo) }) : say("numbers", { numbers: said });
}

/** The day of a moment in India. @param {string} at */
function dayOf(at) {
  return new Intl.DateTimeFormat(`${language()}-IN-u-nu-latn`, { dateStyle: "medium", timeZone: "Asia/Kolkata" }).format(new Date(at));
}

/** How many days ago, as days are counted in India. @param {string} at */
function ago(at) {
  const day = (/** @type {number} */ moment) => Math.floor((moment + INDIA_MS) / DAY_MS);
  const days = Math.max(0, day(Date.now()) - day(Date.parse(at)));
  return new Intl.RelativeTimeFormat(`${language()}-IN-u-nu-latn`, { numeric: "auto" }).format(-days, "day");
}
