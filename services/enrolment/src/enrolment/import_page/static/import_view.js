// One import, as it stands: read, previewed, enrolled, at its end. Follows it as long as the server works on it.
import { holdAcceptance, prepareAcceptance, showAcceptance } from "./accept_view.js";
import { campaign } from "./campaign.js";
import { prepareEnd, showEnd } from "./end_view.js";
import { showFigures, time } from "./figures.js";
import { say } from "./language.js";
import { factsOf } from "./list_view.js";
import { prepareMapping, showMapping } from "./mapping_view.js";
import { part, show } from "./parts.js";
import { offerRows, prepareRows, showProblems } from "./problems_view.js";
import { attempt } from "./trouble.js";
import { watch } from "./watching.js";
import { fillWith, right, wrong } from "./wording.js";

const ENDED = new Set(["done", "stopped"]);
const ACCEPTED = new Set(["accepted", ...ENDED]);
/** Where each step begins, by state. @type {Object<string, string>} */
const HEADINGS = { previewed: "preview-title", accepted: "enrolling-title" };

/** @type {import("./api.js").Import | null} */
let shown = null;
/** @type {import("./campaign.js").Campaign | null} */
let known = null;
let watching = new AbortController();

/** @param {() => void} deleted the import is gone */
export function prepareImport(deleted) {
  const again = () => shown !== null && follow(shown.id);
  const refused = () => {
    part("import-again").hidden = false;
  };
  prepareMapping({ asked: again, refused, opened: holdAcceptance });
  prepareAcceptance({ accepted: again, refused, deleted });
  prepareRows();
  prepareEnd();
  part("import-again").addEventListener("click", again);
}

/** Shows an import, and what becomes of it. @param {string} id */
export async function follow(id) {
  watching.abort();
  const mine = new AbortController();
  watching = mine;
  if (shown?.id !== id) clear();
  part("import-again").hidden = true;
  const isWhole = await attempt("import-trouble", async () => {
    known = await campaign();
    fillWith(known.facts);
    if (!(await watch(id, paint, mine.signal)) && !mine.signal.aborted) {
      show("import-trouble", say("watchEnded"));
      part("import-again").hidden = false;
    }
  });
  if (!isWhole && !mine.signal.aborted) part("import-again").hidden = false;
}

export function leaveImport() {
  watching.abort();
  clear();
}

/** In another language. */
export function showImport() {
  if (shown !== null) tell(shown, true);
}

function clear() {
  shown = null;
  part("import-title").textContent = say("title");
  for (const id of ["import-state", "import-facts", "import-why", "import-trouble"]) show(id, null);
  for (const id of ["preview", "decision", "end", "rows-part", "delete"]) part(id).hidden = true;
}

/** @param {import("./api.js").Import} now */
function paint(now) {
  const isNewStep = shown?.id !== now.id || shown.state !== now.state || shown.preview !== now.preview;
  shown = now;
  tell(now, isNewStep);
  if (!isNewStep) return;
  offerRows(now.id, rowsAgainst(now) > 0);
  part(HEADINGS[now.state] ?? "import-title").focus();
}

/** @param {import("./api.js").Import} now @param {boolean} isWhole the mapping too, whatever stands in its form */
function tell(now, isWhole) {
  part("import-title").textContent = say("importOf", { time: time(now.uploaded_at) });
  show("import-state", say(`state_${now.state}`));
  show("import-facts", factsOf(now));
  part("import-why").hidden = now.why === null;
  if (now.why !== null) {
    const cause = { code: now.why, message: now.message, expected: now.expected };
    part("import-why").replaceChildren(wrong("p", cause), right("p", cause));
  }
  part("preview").hidden = part("decision").hidden = now.state !== "previewed";
  part("end").hidden = !ACCEPTED.has(now.state);
  part("delete").hidden = ACCEPTED.has(now.state);
  if (ACCEPTED.has(now.state)) showEnd(now);
  if (isWhole) showAcceptance(now);
  if (isWhole && now.state === "previewed") showPreview(now);
}

/** How many rows can be told of, by now. @param {import("./api.js").Import} now */
function rowsAgainst({ state, faulty, outcomes }) {
  if (state === "previewed") return faulty;
  return ENDED.has(state) ? (outcomes.refused ?? 0) + (outcomes.not_tried ?? 0) : 0;
}

/** @param {import("./api.js").Import} now */
function showPreview(now) {
  showFigures(part("counts"), [
    [say("rowsAll"), now.rows], [say("rowsGood"), now.rows - now.faulty], [say("rowsFaulty"), now.faulty],
  ]);
  part("same-file").hidden = now.same_file.length === 0;
  if (known !== null) showMapping(now, known);
  showProblems(now);
}
