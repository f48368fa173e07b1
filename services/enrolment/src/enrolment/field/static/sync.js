// Sends what waits, in one tab at a time, in batches that fit the link; whatever happens, nothing is taken off the
// queue but by an answer that is here whole, with a receipt that was verified. Photos of papers go after the records.
import { isPassing, pause, pauseFor } from "./backoff.js";
import { Refused, Unreachable, jsonBody } from "./net.js";
import { freshCampaign } from "./campaign.js";
import { nextPhoto } from "./paper_photos.js";
import { sendPhoto } from "./photo_sending.js";
import { isThere } from "./certificates.js";
import { moveToFreshDevice, takeIn, waiting } from "./queue.js";
import { BadReceipt, readReceipt } from "./receipt.js";
import { sealedPerson } from "./people.js";
import { askSigned } from "./session.js";
import { SignInNeeded } from "./session_api.js";
import { NoKey, seal } from "./vault.js";
import { read } from "./database.js";

const LOCK = "mitra-field-sync";
const FIRST_BATCH = 25;
const LARGEST_BATCH = 1_000;
const AIM_MS = 5_000;
// The server hangs up on a request after 30 s.
const PATIENCE_MS = 28_000;
const ATTEMPTS = 6;
const ENROLLED = 201;
const MOST_MOVES = 3;
const DEVICE_OF_ANOTHER = "urn:mitra:problem:device-of-another";

let batch = FIRST_BATCH;

/** @typedef {"idle" | "sending" | "offline" | "busy" | "sign-in" | "refused" | "fault" | "elsewhere"} State */

/**
 * Sends until nothing is left, or it makes no sense to go on now.
 * @param {(state: State) => void} tell
 * @returns {Promise<State>}
 */
export function sync(tell) {
  return navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
    if (lock === null) return "elsewhere";
    tell("sending");
    try {
      return await sendAll(tell);
    } catch (error) {
      if (error instanceof SignInNeeded) return "sign-in";
      // Signed out in another tab.
      if (error instanceof NoKey) return "idle";
      if (error instanceof Unreachable) return "offline";
      if (error instanceof Refused) return error.isPassing ? "busy" : "refused";
      if (error instanceof BadReceipt) console.error(error);
      throw error;
    }
  });
}

/** Ends when no other tab sends. */
export function othersDone() {
  return navigator.locks.request(LOCK, () => {});
}

/** @param {(state: State) => void} tell @returns {Promise<State>} */
async function sendAll(tell) {
  /** @type {Set<number>} */
  const notNow = new Set();
  let moves = 0;
  let isRefused = false;
  const move = async () => {
    if (++moves > MOST_MOVES) throw new Error("numbers clash under every fresh device id");
    await moveToFreshDevice();
    notNow.clear();
  };
  for (let failures = 0; ; ) {
    const { device, records } = await waiting(batch, notNow);
    const isThrough = !records.length && (await isReported(device));
    const photo = isThrough ? await nextPhoto() : null;
    if (isThrough && photo === null) return isRefused ? "refused" : notNow.size ? "busy" : "idle";
    const begun = performance.now();
    try {
      if (photo !== null) {
        await sendPhoto(photo);
        failures = 0;
        continue;
      }
      const { passing, isSetBack, isBarred, isOutdated } = await send(device, records);
      // Who was refused has to be asked again with the new notice: it should be here when the network is not.
      if (isOutdated) await freshCampaign();
      passing.forEach((number) => notNow.add(number));
      isRefused ||= isBarred;
      if (isSetBack) await move();
    } catch (error) {
      const isTooLarge = photo === null && error instanceof Refused && error.status === 413 && batch > 1;
      if (error instanceof Refused && error.problem.type === DEVICE_OF_ANOTHER) {
        await move();
        continue;
      }
      if (!isTooLarge && (!isPassing(error) || ++failures >= ATTEMPTS)) throw error;
      if (photo === null) batch = Math.max(1, Math.floor(records.length / 2) || 1);
      if (isTooLarge) continue;
      tell(error instanceof Unreachable ? "offline" : "busy");
      await pause(pauseFor(error, failures));
      tell("sending");
      continue;
    }
    failures = 0;
    if (records.length === batch) batch = nextBatch(batch, performance.now() - begun);
  }
}

/**
 * @param {import("./queue.js").Device} device
 * @param {{number: number, idempotency_key: string, enrolment: any}[]} records
 * @returns {Promise<{passing: number[], isSetBack: boolean, isBarred: boolean, isOutdated: boolean}>} numbers whose
 *   answer was passing; whether the server knows of other records under numbers of this phone, so that its store was
 *   set back or copied; whether the person may no longer enrol; whether the notice has changed
 */
async function send(device, records) {
  const body = await jsonBody({ highest: device.last, records });
  const answer = await askSigned(`/v1/devices/${device.id}/records`, body, PATIENCE_MS);
  const { outcomes, receipt } = await answer.json();
  const claims = await readReceipt(receipt, device.id);
  const enrolled = outcomes.map((/** @type {{status: number}} */ each) => each.status).lastIndexOf(ENROLLED);
  const last = enrolled < 0 ? null : await seal({ name: records[enrolled].enrolment.name, ...outcomes[enrolled].body }, "last");
  const people = new Map();
  for (const [index, { status, body: told }] of outcomes.entries()) {
    if (!isThere() || status !== ENROLLED) continue;
    people.set(index, await sealedPerson(records[index].idempotency_key, told.mitra_id, records[index].enrolment.name));
  }
  const { passing, isTaken, isBarred, isOutdated } =
    await takeIn(device, records, outcomes, { token: receipt, claims }, last, people);
  return { passing, isBarred, isOutdated, isSetBack: isTaken || claims.highest > (await lastOf(device)) };
}

/** @param {import("./queue.js").Device} device */
async function lastOf(device) {
  const [staff, devices] = [await read("staff"), await read("devices")];
  const now = staff && devices[staff.id];
  return now && now.id === device.id ? now.last : Infinity;
}

/** Whether the newest receipt is for all that this phone ever numbered. @param {import("./queue.js").Device} device */
async function isReported(device) {
  const receipt = await read("receipt");
  return device.last === 0 || Boolean(receipt && receipt.claims.device === device.id && receipt.claims.highest === device.last);
}

/** Records that the link carries in the time aimed at, from how long the last ones took. @param {number} size @param {number} ms */
function nextBatch(size, ms) {
  const fitting = Math.round(size * Math.min(4, Math.max(0.5, AIM_MS / Math.max(1, ms))));
  return Math.min(LARGEST_BATCH, Math.max(1, fitting));
}
