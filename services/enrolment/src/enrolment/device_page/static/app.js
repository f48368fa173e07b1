// The page: who is signed in, and the phones that this person may see.
import { names, phones } from "./api.js";
import { prepareDesk, turnTo } from "./desk.js";
import { language } from "./language.js";
import { speakAs } from "./language_buttons.js";
import { part, show } from "./parts.js";
import { showPhones } from "./phones_view.js";
import { signOut, staff } from "./session.js";
import { attempt } from "./trouble.js";

const VIEWS = ["signin", "list"];

/** @type {import("./api.js").Phone[] | null} */
let seen = null;
/** @type {Map<string, string>} */
let known = new Map();

/** Shows the form of signing in, or the phones. */
async function go() {
  const view = staff() === null ? "signin" : "list";
  turnTo(VIEWS, view);
  if (view === "list") await look();
}

async function look() {
  await attempt("list-trouble", async () => {
    const asking = staff()?.id;
    const [found, called] = await Promise.all([phones(), names()]);
    // Whoever signed out meanwhile is shown nothing, nor whoever signed in then.
    if (staff()?.id !== asking) return;
    [seen, known] = [found, called];
    showPhones(seen, known);
  });
}

/** Nothing of whoever looked here is left on the page. */
function forget() {
  [seen, known] = [null, new Map()];
  showPhones(seen, known);
  for (const id of ["signin-why", "list-trouble"]) show(id, null);
}

/** @param {string} wanted */
function choose(wanted) {
  speakAs(wanted);
  // What was said before is not said again in another language.
  for (const id of ["signin-why", "signin-trouble", "list-trouble"]) show(id, null);
  showPhones(seen, known);
}

function start() {
  prepareDesk({ choose, go, forget });
  part("again").addEventListener("click", look);
  part("sign-out").addEventListener("click", async () => {
    forget();
    await Promise.all([signOut(), go()]);
  });
  go();
  document.documentElement.dataset.ready = language();
}

start();
