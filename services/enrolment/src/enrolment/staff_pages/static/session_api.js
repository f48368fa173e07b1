// Sessions at the server: begun, gone on with, ended. Where their tokens lie is each app's own business (session.js).
import { Refused, Unreachable, ask, jsonBody } from "./net.js";

const GOODBYE_MS = 5_000;
const ALREADY_EXCHANGED = 409;
const RECRUITERS = new Set(["in_charge", "co_in_charge"]);

/** @typedef {{id: string, name: string | null, role: string, campaign: string, area: string}} Staff */
/** @typedef {{access_token: string, refresh_token: string, staff: Staff}} Session */

/** The session has ended: the person has to sign in again. */
export class SignInNeeded extends Error {}

/** Whom the server knows cannot work here: `word` says why, with `values` in it. */
export class NotHere extends Error {
  /** @param {string} word @param {Object<string, any>} [values] */
  constructor(word, values = {}) {
    super(word);
    this.word = word;
    this.values = values;
  }
}

/**
 * @param {string} login
 * @param {string} password
 * @param {string} code of the authenticator, "" for none
 * @param {string} id of the device
 * @returns {Promise<Session>} of somebody who enrols people
 */
export async function beginSession(login, password, code, id) {
  const device = { id, name: deviceName() };
  const body = { login, password, device, ...(code ? { code } : {}) };
  const given = await (await ask("/v1/sessions", await jsonBody(body))).json();
  if (RECRUITERS.has(given.staff.role)) return given;
  await goodbye(given.access_token);
  throw new NotHere("signinNotForField");
}

/** The next tokens; the one sent is spent. @param {string} token @returns {Promise<Session>} */
export async function nextSession(token) {
  try {
    return await (await ask("/v1/sessions/refresh", await jsonBody({ refresh_token: token }))).json();
  } catch (error) {
    if (!(error instanceof Refused) || error.isPassing) throw error;
    if (error.status === ALREADY_EXCHANGED) throw new Unreachable("the answer with the next token was lost");
    throw new SignInNeeded();
  }
}

/**
 * Carries out a request, and once more with a fresh token where this one has run out.
 * @template T
 * @param {string} access @param {(spent: string) => Promise<string>} refreshed @param {(token: string) => Promise<T>} request
 * @returns {Promise<T>}
 */
export async function withLiveToken(access, refreshed, request) {
  try {
    return await request(access);
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 401) throw error;
  }
  return request(await refreshed(access));
}

/** @param {RequestInit} init @param {string} token @returns {RequestInit} */
export function withToken(init, token) {
  return { ...init, headers: { ...init.headers, Authorization: `Bearer ${token}` } };
}

/** Ends a session at the server, if it can be told. @param {string} token @param {RequestInit} [init] */
export async function goodbye(token, init = {}) {
  try {
    await ask("/v1/sessions/current", withToken({ ...init, method: "DELETE" }, token), GOODBYE_MS);
  } catch (error) {
    console.warn("The server was not told of the signing out:", /** @type {Error} */ (error).message);
  }
}

function deviceName() {
  const browser = /Firefox/.test(navigator.userAgent) ? "Firefox" : /Chrome/.test(navigator.userAgent) ? "Chrome" : "Browser";
  const system = /Android|iPhone|iPad|Windows|Mac|Linux/.exec(navigator.userAgent);
  return system ? `${browser} on ${system[0]}` : browser;
}
