// What stands against rows: by kind with how many rows, and row by row, page by page. No value of a row is known here.
import { rowsOf } from "./api.js";
import { number, tableRow } from "./figures.js";
import { say } from "./language.js";
import { make, part, show } from "./parts.js";
import { attempt } from "./trouble.js";
import { right, wrong } from "./wording.js";

/** Import whose rows are shown, and `after` of each page up to this one. @type {{id: string, pages: number[]}} */
const place = { id: "", pages: [0] };
/** @type {{rows: import("./api.js").Row[], next: number | null} | null} */
let page = null;

export function prepareRows() {
  part("rows-show").addEventListener("click", () => turn([0]));
  part("rows-next").addEventListener("click", () => page?.next && turn([...place.pages, page.next]));
  part("rows-before").addEventListener("click", () => turn(place.pages.slice(0, -1)));
}

/** @param {import("./api.js").Import} import_ */
export function showProblems({ problems }) {
  part("problems-none").hidden = problems.length > 0;
  part("problems").hidden = problems.length === 0;
  part("problems-rows").replaceChildren(...problems.map((problem) => tableRow([
    make("th", say(`field_${problem.field}`), { scope: "row" }), wrong("td", problem), right("td", problem), number(problem.rows),
  ])));
}

/** The rows of another import, or of another preview, are looked for when they are asked for. @param {string} id @param {boolean} areThere */
export function offerRows(id, areThere) {
  Object.assign(place, { id, pages: [0] });
  page = null;
  part("rows-part").hidden = !areThere;
  part("rows-shown").hidden = true;
  part("rows-show").hidden = false;
  show("rows-trouble", null);
}

/** In another language. */
export function showRows() {
  if (page === null) return;
  const { rows, next } = page;
  part("rows-shown").hidden = false;
  part("rows-show").hidden = true;
  part("rows").replaceChildren(...rows.flatMap(({ row, problems }) => problems.map((problem) => tableRow([
    make("th", number(row), { scope: "row" }), problem.column ?? say("wholeSheet"), say(`field_${problem.field}`),
    wrong("td", problem), right("td", problem),
  ]))));
  const [first, last] = [rows[0], rows[rows.length - 1]];
  show("rows-page", first && last ? say("rowsPage", { first: number(first.row), last: number(last.row) }) : null);
  // A button with the focus that is disabled would lose it.
  part("rows-next").setAttribute("aria-disabled", String(next === null));
  part("rows-before").setAttribute("aria-disabled", String(place.pages.length < 2));
}

/** @param {number[]} pages */
async function turn(pages) {
  if (!pages.length) return;
  const { id } = place;
  await attempt("rows-trouble", async () => {
    const found = await rowsOf(id, pages[pages.length - 1]);
    if (place.id !== id) return;
    const isFirst = page === null;
    place.pages = pages;
    page = found;
    showRows();
    if (isFirst) part("rows-title").focus();
  });
}
