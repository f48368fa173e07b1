// One field of the mapping: a choice of where it stands, and what is the same for everybody where it is nowhere else.
import { LANGUAGES, language, say } from "./language.js";
import { make } from "./parts.js";

/** What a sheet can say of a person, in the order of the template. */
export const FIELDS = [
  "name", "phone", "segment", "basis", "schemes", "language", "adult", "party_member", "consent", "notice_version",
  "notice_language", "collected_on", "collected_by",
];
const OF_EACH_PERSON = new Set(["name", "phone"]);
const YES_OR_NO = new Set(["adult", "party_member", "consent"]);
const NOWHERE = "";
const SAME = "same";
const ISO_DAY = /^\d{4}-\d{2}-\d{2}$/;

/**
 * @param {string} field @param {import("./api.js").Import} import_ @param {import("./campaign.js").Campaign} campaign
 * @returns {HTMLElement} with `data-field`
 */
export function fieldOf(field, import_, campaign) {
  const name = say(`field_${field}`);
  const { columns, values } = import_.mapping;
  const place = make("div", null, { class: "field", "data-field": field });
  const from = make("select", null, { id: `from-${field}`, "aria-describedby": `holds-${field}` });
  from.append(...placesOf(field, import_.columns));
  from.value = field in values ? SAME : field in columns ? String(columns[field]) : NOWHERE;
  const label = make("label", null, { for: from.id });
  label.append(make("span", name), make("span", ` (${say(`holds_${field}`)})`, { id: `holds-${field}`, class: "small" }));
  const value = valueOf(field, values[field] ?? "", campaign);
  value.id = `same-${field}`;
  value.setAttribute("aria-label", say("valueOf", { field: name }));
  value.hidden = from.value !== SAME;
  from.addEventListener("change", () => {
    value.hidden = from.value !== SAME;
  });
  place.append(label, from, value);
  return place;
}

/**
 * What is chosen.
 * @param {NodeListOf<HTMLElement>} places of all fields
 * @returns {import("./api.js").Mapping & {empty: string[]}} `empty`: fields that are the same for everybody, but what?
 */
export function chosenIn(places) {
  /** @type {import("./api.js").Mapping & {empty: string[]}} */
  const chosen = { columns: {}, values: {}, empty: [] };
  for (const place of places) {
    const field = place.dataset.field ?? "";
    const [from, value] = /** @type {any} */ (place.querySelectorAll("select, input"));
    if (from.value !== SAME && from.value !== NOWHERE) chosen.columns[field] = Number(from.value);
    if (from.value === SAME && value.value.trim()) chosen.values[field] = value.value.trim();
    if (from.value === SAME && !value.value.trim()) chosen.empty.push(field);
  }
  return chosen;
}

/** @param {string} field @param {import("./api.js").Column[]} columns */
function placesOf(field, columns) {
  const read = columns.filter((column) => !column.never_read);
  return [
    make("option", say("fromNowhere"), { value: NOWHERE }),
    ...(OF_EACH_PERSON.has(field) ? [] : [make("option", say("fromValue"), { value: SAME })]),
    ...read.map(({ index, letters, heading }) =>
      make("option", say("fromColumn", { letters, heading }), { value: String(index) })),
  ];
}

/** @param {string} field @param {string} now @param {import("./campaign.js").Campaign} campaign */
function valueOf(field, now, campaign) {
  const choices = choicesFor(field, campaign);
  if (choices === null) {
    const type = field === "collected_on" && (now === "" || ISO_DAY.test(now)) ? "date" : "text";
    const input = make("input", null, { type, maxlength: "200", dir: "auto", autocomplete: "off" });
    input.value = now;
    return input;
  }
  // It was said in other words, in the sheet's own.
  if (now && !choices.some(([value]) => value === now)) choices.push([now, now]);
  const select = make("select", null);
  select.append(make("option", say("choose"), { value: "" }), ...choices.map(([value, text]) => make("option", text, { value })));
  select.value = now;
  return select;
}

/** Value and text of what can be chosen; null where it is typed. @param {string} field @param {import("./campaign.js").Campaign} campaign @returns {[string, string][] | null} */
function choicesFor(field, { segments, bases, versions, languages }) {
  const mine = language();
  if (YES_OR_NO.has(field)) return [["yes", say("yes")], ["no", say("no")]];
  if (field === "basis") return bases.map((basis) => [basis, say(`basis_${basis}`)]);
  if (field === "segment") return segments.map(({ code, name }) => [code, name[mine] || name.en]);
  if (field === "notice_version") return versions.map((version) => [version, version]);
  if (field === "notice_language") return languages.map((each) => [each, LANGUAGES[each] ?? each]);
  if (field === "language") return Object.entries(LANGUAGES);
  return null;
}
