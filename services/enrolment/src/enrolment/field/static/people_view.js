// Certificates of those enrolled from this phone: how many stand how, and each of the newest, as last told.
import { moment } from "./certificate/shown.js";
import { say } from "./language.js";
import { Refused, Unreachable } from "./net.js";
import { make, part, show, written } from "./parts.js";
import { detailsOf, enrolledHere, lookAtCertificates } from "./people.js";
import { SignInNeeded } from "./session_api.js";

const MOST_SHOWN = 100;
const STATES = ["unknown", "waiting", "issued", "handed_over", "revoked"];

/** Which list of people is the newest. */
let turn = 0;

/** Shows what is known, then asks, and shows what came. @param {{again: boolean}} how */
export async function showCertificates(how) {
  await showKnown();
  try {
    await lookAtCertificates(how);
  } catch (error) {
    if (!(error instanceof Unreachable || error instanceof SignInNeeded || error instanceof Refused)) throw error;
    show("certificates-trouble", say(error instanceof SignInNeeded ? "state_signin" : "certificatesAway"));
    return;
  }
  await showKnown();
}

async function showKnown() {
  const mine = ++turn;
  const { people, at } = await enrolledHere();
  show("certificates-trouble", null);
  show("certificates-at", say(at === undefined ? "certificatesNever" : "certificatesAt", { when: moment((at || 0) / 1000) }));
  for (const state of STATES) {
    part(`certificates-${state}`).textContent = people.filter((person) => person.state === state).length;
  }
  const shown = people.filter((person) => person.state !== "revoked").slice(0, MOST_SHOWN);
  const rows = await Promise.all(shown.map(row));
  if (mine !== turn) return;
  part("people").replaceChildren(...rows);
  part("people-part").hidden = !shown.length;
}

/** @param {import("./people.js").Person} person */
async function row(person) {
  const details = await detailsOf(person);
  const item = make("li", null, { "data-state": person.state });
  const who = make("p", null);
  who.append(make("bdi", details?.name || details?.number || say("unreadable"), { dir: "auto" }));
  const stands = make("p", `${say(`certificate_${person.state}`)} · `, { class: "small" });
  if (details?.name && details.number) stands.append(make("bdi", details.number, { dir: "ltr", lang: "en" }), " · ");
  stands.append(make("bdi", written(person.day), { dir: "ltr" }));
  item.append(who, stands);
  return item;
}
