// Who is signed in. A session that ends by itself takes nothing away: records stay sealed under the same key and
// wait until the same person signs in again. Only signing out forgets the key.
import { done, read, transact } from "./database.js";
import { ask } from "./net.js";
import { photosLeft } from "./paper_photos.js";
import { NotHere, SignInNeeded, beginSession, goodbye, nextSession, withLiveToken, withToken } from "./session_api.js";
import { unsentWork } from "./unsent.js";
import { makeKey, seal, unseal } from "./vault.js";

const PLACE = "session";
const PERSONAL = [
  "records", "days", "people", "handovers", "drafts", "photos", "calls", "outcomes", "sheets", "outreach",
];
const OF_THE_PERSON = [
  "vault", "staff", "last", "receipt", "campaign", "stored", "asked", "due", "sheetsAt", "sheetsRefused",
];

/** @typedef {import("./session_api.js").Staff} Staff */

/** @returns {Promise<Staff | undefined>} who works on this phone, whether the session still lives or not */
export function staff() {
  return read("staff");
}

/** @param {Staff} person */
export function nameOf(person) {
  return person.name || person.id;
}

/** @returns {Promise<boolean>} */
export async function isSessionAlive() {
  return Boolean(await read(PLACE));
}

/**
 * @param {string} login
 * @param {string} password
 * @param {string} code of the authenticator, "" for none
 */
export async function signIn(login, password, code) {
  const id = await installation();
  const given = await beginSession(login, password, code, id);
  const before = await staff();
  try {
    if (before && before.id !== given.staff.id && (await anyRecords())) {
      // Records of another person wait on this phone.
      throw new NotHere("signinOthers", { name: nameOf(before) });
    }
  } catch (error) {
    await goodbye(given.access_token);
    throw error;
  }
  if (before && before.id !== given.staff.id) await forget();
  await makeKey();
  const kept = await seal(tokensOf(given), PLACE);
  await transact(["meta"], "readwrite", async (store) => {
    const devices = (await done(store("meta").get("devices"))) || {};
    const others = Object.values(devices).map((each) => each.id);
    // Numbers belong to one person: whoever takes over the phone numbers under an id of their own.
    devices[given.staff.id] ||= { id: others.includes(id) ? crypto.randomUUID() : id, last: 0 };
    await done(store("meta").put(devices, "devices"));
    await done(store("meta").put(given.staff, "staff"));
    await done(store("meta").put(kept, PLACE));
  });
}

/**
 * A request with the token of the session, refreshed once where it has run out.
 * @param {string} path
 * @param {RequestInit} init
 * @param {number} [patience]
 * @returns {Promise<Response>}
 */
export async function askSigned(path, init = {}, patience) {
  const { access } = await tokens();
  return withLiveToken(access, refreshed, (token) => ask(path, withToken(init, token), patience));
}

/** Forgets the key and everything it sealed; the numbers given so far stay, so that a gap shows. */
export async function signOut() {
  try {
    const { access } = await tokens();
    await goodbye(access);
  } catch (error) {
    if (!(error instanceof SignInNeeded)) console.warn("The session could not be read:", /** @type {Error} */ (error).message);
  }
  await forget();
}

function forget() {
  return transact(["meta", ...PERSONAL], "readwrite", async (store) => {
    for (const name of [PLACE, ...OF_THE_PERSON]) await done(store("meta").delete(name));
    for (const name of PERSONAL) await done(store(name).clear());
  });
}

/** One tab at a time refreshes: a token is spent by its first use. @param {string} spent @returns {Promise<string>} */
function refreshed(spent) {
  return navigator.locks.request("mitra-field-refresh", async () => {
    const { access, refresh } = await tokens();
    if (access !== spent) return access;
    let given;
    try {
      given = await nextSession(refresh);
    } catch (error) {
      if (error instanceof SignInNeeded) await transact(["meta"], "readwrite", (store) => done(store("meta").delete(PLACE)));
      throw error;
    }
    const kept = await seal(tokensOf(given), PLACE);
    await transact(["meta"], "readwrite", async (store) => {
      // Whoever signed out meanwhile stays signed out.
      if (!(await done(store("meta").get(PLACE)))) return;
      await done(store("meta").put(kept, PLACE));
      await done(store("meta").put(given.staff, "staff"));
    });
    return given.access_token;
  });
}

/** @returns {Promise<{access: string, refresh: string}>} */
async function tokens() {
  const kept = await read(PLACE);
  if (!kept) throw new SignInNeeded();
  return unseal(kept, PLACE);
}

/** @param {any} given */
function tokensOf(given) {
  return { access: given.access_token, refresh: given.refresh_token };
}

async function anyRecords() {
  const kept = await transact(["records", "photos"], "readonly", async (store) => {
    const photos = await photosLeft(store);
    return (await done(store("records").count())) + photos.waiting + photos.refused.length;
  });
  return kept + (await unsentWork()) > 0;
}

/** @returns {Promise<string>} the id of this installation, made once */
function installation() {
  return transact(["meta"], "readwrite", async (store) => {
    const known = await done(store("meta").get("installation"));
    if (known) return known;
    const made = crypto.randomUUID();
    await done(store("meta").put(made, "installation"));
    return made;
  });
}
