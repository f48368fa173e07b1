// How the sheet is read, to be changed: another sheet, other columns, what is the same for everybody.
import { readOtherwise } from "./api.js";
import { say } from "./language.js";
import { FIELDS, chosenIn, fieldOf } from "./mapping_fields.js";
import { make, part, show } from "./parts.js";
import { decide } from "./steering.js";
import { attempt } from "./trouble.js";

/** @type {import("./api.js").Import | null} */
let shown = null;

/** @param {{asked: () => void, refused: () => void, opened: () => void}} calls `opened`: the form and the preview differ */
export function prepareMapping({ opened, ...calls }) {
  part("mapping").addEventListener("change", opened);
  part("mapping").addEventListener("input", opened);
  part("mapping").addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    const { empty, ...chosen } = chosenIn(part("fields").querySelectorAll("[data-field]"));
    if (empty.length) {
      show("mapping-trouble", say("mappingEmpty", { fields: names(empty) }));
      part(`same-${empty[0]}`).focus();
      return;
    }
    await ask(chosen, calls);
  });
  part("sheet-form").addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    await ask({ columns: {}, values: {}, sheet: Number(part("sheet").value) }, calls);
  });
}

/** @param {import("./api.js").Import} import_ that was previewed @param {import("./campaign.js").Campaign} campaign */
export function showMapping(import_, campaign) {
  shown = import_;
  show("mapping-trouble", null);
  part("sheet-form").hidden = import_.sheets.length < 2;
  part("sheet").replaceChildren(...import_.sheets.map(({ index, name, hidden }) =>
    make("option", hidden ? say("sheetHidden", { name }) : name, { value: String(index) })));
  part("sheet").value = String(import_.sheet);
  show("unmapped", import_.unmapped.length ? say("unmapped", { fields: names(import_.unmapped) }) : null);
  const never = import_.columns.filter((column) => column.never_read);
  const told = never.map(({ letters, heading }) => `${letters} ${heading}`).join(", ");
  show("never-read", never.length ? say("neverRead", { columns: told }) : null);
  part("fields").replaceChildren(...FIELDS.map((field) => fieldOf(field, import_, campaign)));
}

/** @param {import("./api.js").Mapping & {sheet?: number}} mapping @param {{asked: () => void, refused: () => void}} calls */
async function ask(mapping, { asked, refused }) {
  const seen = shown;
  if (seen === null) return;
  const done = await attempt("mapping-trouble", () => decide(seen, () => readOtherwise(seen.id, mapping)));
  (done ? asked : refused)();
}

/** @param {string[]} fields */
function names(fields) {
  return fields.map((field) => say(`field_${field}`)).join(", ");
}
