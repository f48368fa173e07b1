// The page: who is signed in, and the phones that this person may see.
import { names, phones } from "./api.js";
import { firstLanguage, language, remember, say } from "./language.js";
import { prepareLanguages, speakAs } from "./language_buttons.js";
import { part, show } from "./parts.js";
import { showPhones } from "./phones_view.js";
import { signOut, staff } from "./session.js";
import { prepareSignIn } from "./signin_view.js";
import { attempt, whenSignInIsNeeded } from "./trouble.js";

/** @type {import("./api.js").Phone[] | null} */
let seen = null;
/** @type {Map<string, string>} */
let known = new Map();

/** Shows the form of signing in, or the phones. */
async function go() {
  const me = staff();
  const view = me === null ? "signin" : "list";
  for (const each of ["signin", "list"]) part(`view-${each}`).hidden = each !== view;
  part("me").hidden = me === null;
  part("who").textContent = me?.name || me?.id || "";
  window.scrollTo(0, 0);
  part(`${view}-title`).focus();
  if (view === "list") await look();
}

async function look() {
  await attempt("list-trouble", async () => {
    const [found, called] = await Promise.all([phones(), names()]);
    // Whoever signed out meanwhile is shown nothing.
    if (staff() === null) return;
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
  part("again").addEventListener("click", look);
  part("sign-out").addEventListener("click", async () => {
    forget();
    await Promise.all([signOut(), go()]);
  });
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
