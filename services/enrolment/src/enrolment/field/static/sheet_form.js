// The questions of a round as a form, and what was chosen. Every question may be left out.
import { named } from "./campaign.js";
import { language, say } from "./language.js";
import { make, part } from "./parts.js";

const SCALE = ["1", "2", "3", "4", "5"];

/** Shows the questions in the language of the screen; what was chosen stays. @param {import("./round.js").Round} round */
export function showQuestions(round) {
  const chosen = chosenIn(round);
  part("round-questions").replaceChildren(...round.questions.map((question) => asked(question, chosen.get(question.id) ?? [])));
}

/** @param {import("./round.js").Round} round @returns {Object<string, string | number | string[]>} without those left out */
export function answersTo(round) {
  const chosen = chosenIn(round);
  return Object.fromEntries(round.questions
    .map((question) => /** @type {const} */ ([question, (chosen.get(question.id) ?? []).filter((value) => value !== "")]))
    .filter(([, values]) => values.length)
    .map(([{ id, kind }, values]) => [id, kind === "multiple" ? values : kind === "scale" ? Number(values[0]) : values[0]]));
}

/** @param {import("./round.js").Round} round @returns {Map<string, string[]>} */
function chosenIn(round) {
  const boxes = Array.from(part("round-questions").querySelectorAll("input:checked"));
  return new Map(round.questions.map(({ id }) => [id, boxes.filter(({ name }) => name === id).map(({ value }) => value)]));
}

/** @param {import("./round.js").Question} question @param {string[]} chosen */
function asked({ id, kind, text, choices }, chosen) {
  const mine = language();
  const field = make("fieldset", null, { class: "question" });
  const legend = make("legend", null);
  legend.append(make("bdi", named(text, mine), { lang: text[mine] ? mine : "en", dir: "auto" }));
  field.append(legend);
  if (kind === "multiple") {
    field.append(...choices.map((choice) => pick("checkbox", id, choice.id, labelOf(choice), chosen.includes(choice.id))));
    return field;
  }
  const left = pick("radio", id, "", { text: say("noAnswer"), lang: mine }, chosen.every((value) => value === ""));
  if (kind === "scale") {
    const row = make("div", null, { class: "scale" });
    row.append(...SCALE.map((value) => pick("radio", id, value, { text: value, lang: "en" }, chosen.includes(value))));
    field.append(make("p", say("scaleLead"), { class: "small" }), row, left);
    return field;
  }
  field.append(...choices.map((choice) => pick("radio", id, choice.id, labelOf(choice), chosen.includes(choice.id))), left);
  return field;
}

/** @param {{label: Object<string, string>}} choice */
function labelOf({ label }) {
  return { text: named(label, language()), lang: label[language()] ? language() : "en" };
}

/** @param {string} type @param {string} name @param {string} value @param {{text: string, lang: string}} said @param {boolean} isChosen */
function pick(type, name, value, { text, lang }, isChosen) {
  const label = make("label", null, { class: "pick" });
  const box = make("input", null, { type, name, value });
  box.checked = isChosen;
  label.append(box, make("span", text, { lang, dir: "auto" }));
  return label;
}
