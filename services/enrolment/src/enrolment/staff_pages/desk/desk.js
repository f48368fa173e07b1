// How a page of the desk begins and is left: in whose language, for whom, and that nothing stays behind.
import { firstLanguage, remember, say } from "./language.js";
import { prepareLanguages } from "./language_buttons.js";
import { part, show } from "./parts.js";
import { signOut, staff } from "./session.js";
import { prepareSignIn } from "./signin_view.js";
import { whenSignInIsNeeded } from "./trouble.js";

/**
 * @typedef {object} Page
 * @property {(language: string) => void} choose shows everything in a language
 * @property {() => Promise<void>} go shows what is there for whoever is signed in
 * @property {() => void} forget takes off the page what belongs to whoever worked here
 */

/** @param {Page} page */
export function prepareDesk({ choose, go, forget }) {
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
  window.addEventListener("pagehide", () => {
    forget();
    signOut();
  });
  // A page that the browser kept to go back to belongs to nobody.
  window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
}

/** Shows one view of several, and who is signed in. @param {string[]} views @param {string} view */
export function turnTo(views, view) {
  const me = staff();
  for (const each of views) part(`view-${each}`).hidden = each !== view;
  part("me").hidden = me === null;
  part("who").textContent = me?.name || me?.id || "";
  window.scrollTo(0, 0);
  part(`${view}-title`).focus();
}
