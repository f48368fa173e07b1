// Who is signed in. A session that ends by itself takes nothing away: records stay sealed under the same key and
// wait until the same person signs in again. Only signing out forgets the key.
import { done, read, transact } from "./database.js";
import { Refused, Unreachable, ask, jsonBody } from "./net.js";
import { makeKey, seal, unseal } from "./vault.js";

const PLACE = "session";
const GOODBYE_MS = 5_000;
const ALREADY_EXCHANGED = 409;
const PERSONAL = ["records", "days", "people", "handovers", "drafts"];
const ROLES = new Set(["in_charge", "co_in_charge"]);

/** The session has ended: the person has to sign in again. */
export class SignInNeeded extends Error {}

/** Records of another person wait on this phone. */
export class OthersWait extends Error {}

/** Who signed in does not enrol people. */
export class NotForField extends Error {}

/** @typedef {{id: string, name: string | null, role: string, campaign: string, area: string}} Staff */

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
  const device = { id, name: deviceName() };
  const body = { login, password, device, ...(code ? { code } : {}) };
  const given = await (await ask("/v1/sessions", await jsonBody(body))).json();
  const before = await staff();
  try {
    if (!ROLES.has(given.staff.role)) throw new NotForField();
    if (before && before.id !== given.staff.id && (await anyRecords())) throw new OthersWait(nameOf(before));
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
  try {
    return await ask(path, withToken(init, access), patience);
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 401) throw error;
  }
  return ask(path, withToken(init, await refreshed(access)), patience);
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
    for (const name of ["vault", PLACE, "staff", "last", "receipt", "campaign", "stored", "asked"]) await done(store("meta").delete(name));
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
      given = await (await ask("/v1/sessions/refresh", await jsonBody({ refresh_token: refresh }))).json();
    } catch (error) {
      if (!(error instanceof Refused) || error.isPassing) throw error;
      if (error.status === ALREADY_EXCHANGED) throw new Unreachable("the answer with the next token was lost");
      await transact(["meta"], "readwrite", (store) => done(store("meta").delete(PLACE)));
      throw new SignInNeeded();
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

/** @param {RequestInit} init @param {string} token */
function withToken(init, token) {
  return { ...init, headers: { ...init.headers, Authorization: `Bearer ${token}` } };
}

/** Ends a session at the server, if it can be told. @param {string} token */
async function goodbye(token) {
  try {
    await ask("/v1/sessions/current", withToken({ method: "DELETE" }, token), GOODBYE_MS);
  } catch (error) {
    console.warn("The server was not told of the signing out:", /** @type {Error} */ (error).message);
  }
}

function anyRecords() {
  return transact(["records", "handovers"], "readonly", async (store) =>
    (await done(store("records").count())) + (await done(store("handovers").index("by_state").count("waiting"))) > 0);
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

function deviceName() {
  const browser = /Firefox/.test(navigator.userAgent) ? "Firefox" : /Chrome/.test(navigator.userAgent) ? "Chrome" : "Browser";
  const system = /Android|iPhone|iPad|Windows|Mac|Linux/.exec(navigator.userAgent);
  return system ? `${browser} on ${system[0]}` : browser;
}
