// The page: who is signed in, and what the address shows: all imports, or the one that stands behind `#`.
import { myImports, template } from "./api.js";
import { handOver } from "./download.js";
import { forgetFile, prepareFile, showFile } from "./file_view.js";
import { follow, leaveImport, prepareImport, showImport } from "./import_view.js";
import { firstLanguage, language, remember, say } from "./language.js";
import { prepareLanguages, speakAs } from "./language_buttons.js";
import { showImports } from "./list_view.js";
import { part, show } from "./parts.js";
import { showRows } from "./problems_view.js";
import { signOut, staff } from "./session.js";
import { prepareSignIn } from "./signin_view.js";
import { attempt, whenSignInIsNeeded } from "./trouble.js";

const VIEWS = ["signin", "list", "import"];
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @type {import("./api.js").Import[]} */
let imports = [];

/** Shows what the address says, to whoever is signed in. */
async function go() {
  const me = staff();
  const id = location.hash.slice(1);
  const view = me === null ? "signin" : ID.test(id) ? "import" : "list";
  for (const each of VIEWS) part(`view-${each}`).hidden = each !== view;
  part("me").hidden = me === null;
  part("who").textContent = me?.name || me?.id || "";
  window.scrollTo(0, 0);
  if (view !== "import") leaveImport();
  part(`${view}-title`).focus();
  if (view === "list") await look();
  if (view === "import") await follow(id);
}

async function look() {
  await attempt("list-trouble", async () => {
    imports = await myImports();
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
  part("start").remove();
  choose(firstLanguage());
  prepareLanguages((wanted) => {
    remember(wanted);
    choose(wanted);
  });
  prepareSignIn(async () => {
    show("signin-why", null);
    await go();
  });
  whenSignInIsNeeded(() => {
    forget();
    show("signin-why", say("signInAgain"));
    go();
  });
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
  window.addEventListener("pagehide", () => {
    forget();
    signOut();
  });
  // A page that the browser kept to go back to belongs to nobody.
  window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  go();
  document.documentElement.dataset.ready = language();
}

start();
