// The page: who is signed in, and what the address shows: all imports, or the one that stands behind `#`.
import { myImports, template } from "./api.js";
import { prepareDesk, turnTo } from "./desk.js";
import { handOver } from "./download.js";
import { forgetFile, prepareFile, showFile } from "./file_view.js";
import { follow, leaveImport, prepareImport, showImport } from "./import_view.js";
import { language, say } from "./language.js";
import { speakAs } from "./language_buttons.js";
import { showImports } from "./list_view.js";
import { part, show } from "./parts.js";
import { showRows } from "./problems_view.js";
import { signOut, staff } from "./session.js";
import { attempt } from "./trouble.js";

const VIEWS = ["signin", "list", "import"];
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @type {import("./api.js").Import[]} */
let imports = [];

/** Shows what the address says, to whoever is signed in. */
async function go() {
  const id = location.hash.slice(1);
  const view = staff() === null ? "signin" : ID.test(id) ? "import" : "list";
  if (view !== "import") leaveImport();
  turnTo(VIEWS, view);
  if (view === "list") await look();
  if (view === "import") await follow(id);
}

async function look() {
  await attempt("list-trouble", async () => {
    const asking = staff()?.id;
    const found = await myImports();
    // Whoever signed out meanwhile is shown nothing, nor whoever signed in then.
    if (staff()?.id !== asking) return;
    imports = found;
    showImports(imports);
  });
}

async function leave() {
  forget();
  const ended = signOut();
  location.hash = "";
  await Promise.all([ended, go()]);
}

/** Nothing of whoever worked here is left on the page. */
function forget() {
  imports = [];
  showImports(imports);
  forgetFile();
  leaveImport();
  for (const id of ["signin-why", "list-said", "list-trouble"]) show(id, null);
}

/** @param {string} wanted */
function choose(wanted) {
  speakAs(wanted);
  // What was said before is not said again in another language.
  for (const said of document.querySelectorAll("[role=alert], #list-said, #signin-why")) show(said.id, null);
  showFile();
  showImports(imports);
  showImport();
  showRows();
}

function start() {
  prepareDesk({ choose, go, forget });
  prepareFile((id) => {
    show("list-said", null);
    location.hash = id;
  });
  prepareImport(() => {
    show("list-said", say("deleted"));
    location.hash = "";
  });
  part("template").addEventListener("click", () =>
    attempt("template-trouble", async () => handOver(await template(), "template.csv")));
  part("imports-again").addEventListener("click", look);
  part("sign-out").addEventListener("click", leave);
  window.addEventListener("hashchange", go);
  go();
  document.documentElement.dataset.ready = language();
}

start();
