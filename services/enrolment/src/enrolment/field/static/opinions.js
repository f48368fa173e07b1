// The screen of opinions: a page of its own, so that it cannot know whom the app has called. All it is told is a round
// and a segment, in its address; all it keeps is answers (sheets.js). It asks nothing of the network.
import { keptCampaign, named } from "./campaign.js";
import { loadClock, today } from "./clock.js";
import { firstLanguage, language, say } from "./language.js";
import { prepareLanguages, speakAs } from "./language_buttons.js";
import { make, part, show } from "./parts.js";
import { openRound } from "./round.js";
import { answersTo, showQuestions } from "./sheet_form.js";
import { keepSheet } from "./sheets.js";
import { NoKey } from "./vault.js";

/** @type {import("./campaign.js").Campaign | undefined} */
let campaign;
/** @type {import("./round.js").Round | null} */
let round = null;
// The id is of the sheet, not of the tap: however often it is tapped, one sheet is kept.
let id = crypto.randomUUID();
let isKeeping = false;

/** What the address says: `#round=…&segment=…`, or nothing. */
function told() {
  const said = new URLSearchParams(location.hash.slice(1));
  return { of: said.get("round"), segment: said.get("segment") ?? "" };
}

async function look() {
  campaign = await keptCampaign();
  const { of, segment } = told();
  const open = openRound(campaign?.rounds ?? [], today());
  round = !of || of === open?.id ? open : null;
  paint();
  part("sheet-segment").value = segment;
}

function paint() {
  part("sheet").hidden = round === null;
  show("opinions-state", campaign === undefined ? say("opinionsSignIn") : round === null ? say("roundNone") : null);
  if (campaign === undefined || round === null) return;
  const mine = language();
  part("round-name").textContent = named(round.name, mine);
  const before = part("sheet-segment").value;
  part("sheet-segment").replaceChildren(make("option", say("choose"), { value: "" }), ...campaign.segments.map((each) =>
    make("option", named(each.name, mine), { value: each.code, lang: each.name[mine] ? mine : "en" })));
  part("sheet-segment").value = before;
  showQuestions(round);
}

/** @param {Event} event */
async function keep(event) {
  event.preventDefault();
  if (isKeeping || round === null) return;
  const segment = part("sheet-segment").value;
  const answers = answersTo(round);
  if (!segment) return show("sheet-trouble", say("fix", { fields: say("wrong_segment") }));
  if (!Object.keys(answers).length) return show("sheet-trouble", say("opinionsEmpty"));
  isKeeping = true;
  try {
    await keepSheet(id, { round: round.id, segment, answers });
  } catch (error) {
    const { name } = /** @type {Error} */ (error);
    if (!(error instanceof NoKey) && name !== "QuotaExceededError") console.error(error);
    return show("sheet-trouble", say(error instanceof NoKey ? "opinionsSignIn" : name === "QuotaExceededError" ? "diskFull" : "notStored"));
  } finally {
    isKeeping = false;
  }
  clear();
  show("opinions-said", say("opinionsKept"));
  window.scrollTo(0, 0);
}

/** Nothing of the last sheet is left on the screen. */
function clear() {
  id = crypto.randomUUID();
  show("sheet-trouble", null);
  part("round-questions").replaceChildren();
  if (round !== null) showQuestions(round);
}

/** @param {string} wanted */
function choose(wanted) {
  speakAs(wanted);
  show("opinions-said", null);
  show("sheet-trouble", null);
  paint();
}

async function start() {
  await loadClock();
  speakAs(firstLanguage());
  await look();
  // The language of a person is not remembered.
  prepareLanguages(choose);
  part("sheet").addEventListener("submit", keep);
  part("sheet").addEventListener("input", () => {
    show("sheet-trouble", null);
    show("opinions-said", null);
  });
  window.addEventListener("hashchange", look);
  new BroadcastChannel("mitra-field").onmessage = ({ data }) => data === "signed-out" && location.reload();
  // A browser that keeps the page to go back to shows no answers.
  window.addEventListener("pagehide", clear);
  document.documentElement.dataset.ready = language();
}

start();
