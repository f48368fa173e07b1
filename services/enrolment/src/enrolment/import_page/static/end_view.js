// From the acceptance on: how far it is, what became of the rows, and the file of those that enrolled nobody.
import { resultOf } from "./api.js";
import { handOver } from "./download.js";
import { number, showFigures, time } from "./figures.js";
import { say } from "./language.js";
import { part, show } from "./parts.js";
import { attempt } from "./trouble.js";

const OUTCOMES = ["enrolled", "enrolled_before", "refused", "not_tried"];
const WITH_RESULT = new Set(["done", "stopped"]);

let id = "";

export function prepareEnd() {
  part("result-get").addEventListener("click", () =>
    attempt("result-trouble", async () => handOver(await resultOf(id), "result.csv")));
}

/** @param {import("./api.js").Import} import_ that was accepted */
export function showEnd(import_) {
  const { state, rows, remaining, outcomes, continues_at: continues } = import_;
  id = import_.id;
  const isAtWork = state === "accepted";
  part("enrolling").hidden = !isAtWork;
  part("settled").max = Math.max(rows, 1);
  part("settled").value = rows - remaining;
  show("settled-said", say("progress", { settled: number(rows - remaining), rows: number(rows) }));
  show("continues", isAtWork && continues !== null ? say("continuesAt", { time: time(continues) }) : null);
  showFigures(part("outcomes"), OUTCOMES.filter((name) => name in outcomes).map((name) => [say(`outcome_${name}`), outcomes[name]]));
  const left = rows - (outcomes.enrolled ?? 0) - (outcomes.enrolled_before ?? 0);
  part("result").hidden = !(WITH_RESULT.has(state) && left > 0);
  part("result-none").hidden = !(WITH_RESULT.has(state) && left === 0);
}
