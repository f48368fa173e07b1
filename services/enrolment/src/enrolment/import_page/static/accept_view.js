// The decision on a preview: to enrol its rows, with the word that papers are signed, or to delete it all.
import { accept, cancel } from "./api.js";
import { number } from "./figures.js";
import { say } from "./language.js";
import { confirmed, part, show } from "./parts.js";
import { decide } from "./steering.js";
import { attempt } from "./trouble.js";

/** @type {import("./api.js").Import | null} */
let shown = null;
let isOpen = false;

/** @param {{accepted: () => void, refused: () => void, deleted: () => void}} calls */
export function prepareAcceptance({ accepted, refused, deleted }) {
  part("accept").addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    const seen = shown;
    if (seen === null) return;
    if (isOpen) return show("accept-trouble", say("mappingOpen"));
    if (!part("signed").checked) {
      show("accept-trouble", say("acceptUnticked"));
      part("signed").focus();
      return;
    }
    const done = await attempt("accept-trouble", () => decide(seen, () => accept(seen.id, seen.preview)));
    (done ? accepted : refused)();
  });
  part("delete").addEventListener("click", async () => {
    const seen = shown;
    if (seen === null || !(await confirmed(say("deleteAsk"), say("delete")))) return;
    if (await attempt("import-trouble", () => decide(seen, () => cancel(seen.id)))) deleted();
  });
}

/** @param {import("./api.js").Import} import_ not accepted yet */
export function showAcceptance(import_) {
  const isAnother = shown?.id !== import_.id || shown.preview !== import_.preview;
  const good = import_.rows - import_.faulty;
  shown = import_;
  isOpen = false;
  part("accept").hidden = good === 0;
  part("accept-none").hidden = good > 0;
  part("accept-send").textContent = say("acceptAsk", { count: number(good) });
  // The word is given for what was seen, not for what comes after it.
  if (isAnother) part("signed").checked = false;
  show("accept-trouble", null);
}

/** What stands in the mapping is not what the preview shows. */
export function holdAcceptance() {
  isOpen = true;
}
