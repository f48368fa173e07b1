// Sends a file, with progress and again where the network fails. Where the answer was lost the server may have the
// file: then that import is taken, and the file is not sent twice.
import { PATH, myImports } from "./api.js";
import { isPassing, pause, pauseFor } from "./backoff.js";
import { Refused, Unreachable, documentIn, secondsIn } from "./net.js";
import { signed } from "./session.js";

const MOST_ATTEMPTS = 6;
const PATIENCE_MS = 600_000;
const TAKEN = 202;

/** The person stopped it. */
export class Stopped extends Error {}

/** @typedef {{progress: (share: number) => void, attempt: (number: number, of: number) => void, signal: AbortSignal}} Watch */

/**
 * @param {ArrayBuffer} content
 * @param {Watch} watch
 * @returns {Promise<string>} the id of the import
 */
export async function sendFile(content, watch) {
  const known = new Set((await patiently(myImports, watch)).map(({ id }) => id));
  return patiently(async (attempt) => {
    const arrived = attempt > 1 && (await myImports()).find(({ id, bytes }) => !known.has(id) && bytes === content.byteLength);
    return arrived ? arrived.id : signed((token) => sent(content, token, watch));
  }, watch);
}

/**
 * @template T
 * @param {(attempt: number) => Promise<T>} work
 * @param {Watch} watch
 * @returns {Promise<T>}
 */
async function patiently(work, { attempt, signal }) {
  for (let number = 1; ; number++) {
    try {
      return await work(number);
    } catch (error) {
      if (signal.aborted) throw new Stopped();
      if (!isPassing(error) || number === MOST_ATTEMPTS) throw error;
      attempt(number + 1, MOST_ATTEMPTS);
      await pause(pauseFor(error, number - 1));
      if (signal.aborted) throw new Stopped();
    }
  }
}

/**
 * fetch() tells nothing of how much was sent.
 * @param {ArrayBuffer} content @param {string} token @param {Watch} watch @returns {Promise<string>}
 */
function sent(content, token, { progress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", PATH);
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "arraybuffer";
    request.timeout = PATIENCE_MS;
    request.upload.onprogress = ({ loaded, total }) => progress(loaded / total);
    const stop = () => request.abort();
    signal.addEventListener("abort", stop);
    request.onloadend = () => signal.removeEventListener("abort", stop);
    request.onabort = () => reject(new Stopped());
    request.onerror = request.ontimeout = () => reject(new Unreachable("the file was not sent whole"));
    request.onload = () => {
      const answer = documentIn(request.response);
      if (request.status === TAKEN) resolve(answer.id);
      else reject(new Refused(request.status, answer, secondsIn(request.getResponseHeader("Retry-After"))));
    };
    if (signal.aborted) reject(new Stopped());
    else request.send(content);
  });
}
