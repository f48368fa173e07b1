// Requests that end: each has a time limit, and says whether the network or the server was the trouble.
const PATIENCE_MS = 20_000;
const NOT_MODIFIED = 304;
const ABOUT_THE_BODY = new Set([400, 413, 422]);

/** No answer: no network, no server, or too slow. */
export class Unreachable extends Error {}

/** An answer that is not the one hoped for. */
export class Refused extends Error {
  /** @param {number} status @param {any} problem @param {number | null} retryAfter seconds */
  constructor(status, problem, retryAfter) {
    super(`${status} ${problem.type || ""}`);
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }

  /** Whether the service said it, not something on the way to it. */
  get isOurs() {
    return String(this.problem.type).startsWith("urn:mitra:problem:");
  }

  /** Whether the service will never take this body. */
  get isAboutTheBody() {
    return this.isOurs && ABOUT_THE_BODY.has(this.status);
  }

  /** Whether the same request may be answered otherwise later. */
  get isPassing() {
    return this.status >= 500 || this.status === 429 || this.status === 408;
  }
}

/** @type {(answer: Response) => void} */
let watcher = () => {};

/** Has every answer looked at as it comes. @param {(answer: Response) => void} look */
export function watchAnswers(look) {
  watcher = look;
}

/**
 * @param {string} path
 * @param {RequestInit} init
 * @param {number} patience milliseconds until the whole answer is there
 * @returns {Promise<Response>} an answer of 200 to 299, or 304, with its body here already
 */
export async function ask(path, init = {}, patience = PATIENCE_MS) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), patience);
  try {
    const answer = await fetch(path, {
      cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer", ...init, signal: stop.signal,
    });
    watcher(answer);
    const body = await answer.arrayBuffer();
    if (answer.ok || answer.status === NOT_MODIFIED) {
      const headers = { ETag: answer.headers.get("ETag") || "" };
      return new Response(body.byteLength ? body : null, { status: answer.status, headers });
    }
    throw new Refused(answer.status, documentIn(body), secondsIn(answer.headers.get("Retry-After")));
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Unreachable(/** @type {Error} */ (error).message);
  } finally {
    clearTimeout(timer);
  }
}

/** A body of JSON, zipped where the browser can and it gains something. @param {any} value @returns {Promise<RequestInit>} */
export async function jsonBody(value) {
  const text = JSON.stringify(value);
  const headers = { "Content-Type": "application/json" };
  if (text.length < 1_000 || !("CompressionStream" in window)) return { method: "POST", headers, body: text };
  const zipped = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return {
    method: "POST",
    headers: { ...headers, "Content-Encoding": "gzip" },
    body: await new Response(zipped).arrayBuffer(),
  };
}

/** The document of an answer, empty where it is none. @param {ArrayBuffer} body */
export function documentIn(body) {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch (error) {
    // A proxy on the way answers in HTML.
    return {};
  }
}

/** @param {string | null} retryAfter the header, if there is one */
export function secondsIn(retryAfter) {
  const seconds = Number(retryAfter || NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}
