// Who is signed in, in the memory of this page alone: a desk is shared, so a reload asks again, and whoever closes the
// page is signed out at the server too.
import { ask } from "./net.js";
import { SignInNeeded, beginSession, goodbye, nextSession, withLiveToken, withToken } from "./session_api.js";

/** @type {import("./session_api.js").Session | null} */
let held = null;
/** @type {Promise<string> | null} */
let refreshing = null;

/** @returns {import("./session_api.js").Staff | null} */
export function staff() {
  return held === null ? null : held.staff;
}

/**
 * @param {string} login
 * @param {string} password
 * @param {string} code of the authenticator, "" for none
 */
export async function signIn(login, password, code) {
  held = await beginSession(login, password, code, crypto.randomUUID());
}

export async function signOut() {
  const ended = held;
  held = null;
  // The page may be gone before the answer is there.
  if (ended !== null) await goodbye(ended.access_token, { keepalive: true });
}

/**
 * Carries out a request with the token, refreshed once where it has run out.
 * @template T
 * @param {(token: string) => Promise<T>} request
 * @returns {Promise<T>}
 */
export async function signed(request) {
  if (held === null) throw new SignInNeeded();
  return withLiveToken(held.access_token, refreshed, request);
}

/** @param {string} path @param {RequestInit} [init] @returns {Promise<Response>} */
export function askSigned(path, init = {}) {
  return signed((token) => ask(path, withToken(init, token)));
}

/** A token is spent by its first use, so one request at a time refreshes. @param {string} spent @returns {Promise<string>} */
async function refreshed(spent) {
  if (held !== null && held.access_token !== spent) return held.access_token;
  refreshing ||= next().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function next() {
  const before = held;
  if (before === null) throw new SignInNeeded();
  try {
    const given = await nextSession(before.refresh_token);
    // Whoever signed out meanwhile stays signed out.
    if (held !== before) throw new SignInNeeded();
    held = given;
    return given.access_token;
  } catch (error) {
    if (error instanceof SignInNeeded && held === before) held = null;
    throw error;
  }
}
