// Handing over: the code on the paper, verified here without a network, a look at who it is for, and what was noted.
import { keptCampaign } from "./campaign.js";
import { Camera, NoCamera } from "./certificate/camera.js";
import { textInFile } from "./certificate/picture.js";
import { day, visible } from "./certificate/shown.js";
import { Unreadable } from "./certificate/unreadable.js";
import { verify } from "./certificate/verify.js";
import { held } from "./certificates.js";
import { now } from "./clock.js";
import { NotedBefore, all, detailsOf, forgetHandOver, isNoted, noteHandOver } from "./handovers.js";
import { canSay, say } from "./language.js";
import { make, part, show } from "./parts.js";
import { showRows } from "./rows.js";

const MOST_SHOWN = 50;

export class HandOverView {
  /** @param {() => void} noted called after each hand-over that was noted or dropped */
  constructor(noted) {
    this.noted = noted;
    this.camera = new Camera(part("video"));
    /** @type {{code: string, said: any} | null} */
    this.found = null;
    /** What is said now, so that another language says it again. @type {{key: string, values?: any} | null} */
    this.verdict = null;
    part("scan").addEventListener("click", () => this.scan());
    part("scan-stop").addEventListener("click", () => this.camera.stop());
    part("picture").addEventListener("change", async (/** @type {any} */ event) => {
      const [file] = event.target.files;
      if (file) await this.check(() => textInFile(file));
      event.target.value = "";
    });
    part("hand-over").addEventListener("click", () => this.handOver());
    part("hand-over-not").addEventListener("click", () => this.say(null));
  }

  /** Leaves no camera running behind another part of the app. */
  leave() {
    this.camera.stop();
  }

  async scan() {
    this.say(null);
    part("camera").hidden = false;
    part("scan").hidden = true;
    let text = null;
    try {
      text = await this.camera.read();
    } catch (error) {
      if (!(error instanceof NoCamera)) console.error(error);
      this.say(error instanceof NoCamera ? error.message : "cameraBusy");
    } finally {
      part("camera").hidden = true;
      part("scan").hidden = false;
    }
    if (text !== null) await this.check(async () => text);
  }

  /** @param {() => Promise<string>} read */
  async check(read) {
    this.say("checking");
    const begun = this.verdict;
    const { key, values, found } = await judged(read);
    // Another code is being read, or this one is not wanted any more.
    if (this.verdict !== begun) return;
    this.found = found ?? null;
    this.say(key, values);
    if (found) part("hand-over").focus();
  }

  async handOver() {
    if (this.found === null) return;
    const { code, said } = this.found;
    this.found = null;
    try {
      await noteHandOver(code, said);
    } catch (error) {
      const { name } = /** @type {Error} */ (error);
      if (error instanceof NotedBefore) return this.say("code_noted");
      if (name !== "QuotaExceededError") console.error(error);
      return this.say(name === "QuotaExceededError" ? "diskFull" : "notStored");
    }
    this.say("handOverNoted");
    this.noted();
  }

  /** @param {string | null} key @param {any} [values] */
  say(key, values) {
    this.verdict = key === null ? null : { key, values };
    if (key !== "code_valid") this.found = null;
    this.show();
  }

  /** What was found, in the language of the app. */
  show() {
    const { found, verdict } = this;
    show("verdict", verdict && say(verdict.key, verdict.values));
    part("verdict").dataset.tone = verdict && /^(code_valid|checking|handOverNoted)$/.test(verdict.key) ? "" : "bad";
    part("found").hidden = found === null;
    if (found === null) return;
    part("found-name").textContent = visible(found.said.name);
    part("found-number").textContent = visible(found.said.number);
    part("found-segment").textContent = visible(found.said.segment);
    part("found-issued").textContent = day(found.said.issuedAt);
  }
}

/**
 * @param {() => Promise<string>} read
 * @returns {Promise<{key: string, values?: any, found?: {code: string, said: any}}>} what is said of a code
 */
async function judged(read) {
  try {
    const code = await read();
    const { outcome, said, reason } = await verify(code, held, now() / 1000);
    if (outcome === "unreadable") return { key: "code_unreadable", values: { reason } };
    if (outcome !== "valid") return { key: `code_${outcome}` };
    if (!(await isOfOurs(said))) return { key: "code_other_constituency" };
    if (await isNoted(said)) return { key: "code_noted" };
    return { key: "code_valid", found: { code, said } };
  } catch (error) {
    if (!(error instanceof Unreadable)) console.error(error);
    return { key: error instanceof Unreadable ? "code_unreadable" : "notStored" };
  }
}

/**
 * What was noted on this phone: what waits and what was refused; of the rest how many.
 * @param {string | null} trouble the word for what keeps them here @param {() => void} changed
 */
export async function showHandOvers(trouble, changed) {
  const noted = await all();
  const waits = noted.some((each) => each.state === "waiting");
  show("handover-trouble", waits && trouble ? say(trouble) : null);
  part("handed-over").textContent = noted.filter((each) => each.state === "done").length;
  part("handing-over").textContent = noted.filter((each) => each.state === "waiting").length;
  const open = noted.filter((each) => each.state !== "done").slice(0, MOST_SHOWN);
  const opened = await Promise.all(open.map(async (entry) => ({ entry, details: await detailsOf(entry) })));
  showRows(part("handovers"), opened, ({ entry }) => [entry.record, entry.state],
    ({ entry, details }) => row(entry, details, changed));
}

/** @param {import("./handovers.js").HandOver} entry @param {import("./handovers.js").Details | null} details @param {() => void} changed */
function row(entry, details, changed) {
  const item = make("li", null, { "data-state": entry.state });
  const who = make("p", null);
  who.append(make("bdi", visible(details?.name || say("unreadable")), { dir: "auto" }), " · ");
  who.append(make("bdi", visible(details?.number || ""), { dir: "ltr", lang: "en" }));
  item.append(who, make("p", entry.told ? reason(entry.told) : say("handOverWaits"), { class: entry.told ? "why" : "small" }));
  if (!entry.told) return item;
  const away = make("button", say("handOverSeen"), { type: "button", class: "quiet" });
  away.addEventListener("click", async () => {
    await forgetHandOver(entry.record);
    changed();
  });
  item.append(away);
  return item;
}

/** @param {{outcome: string, number: string | null, at: string | null}} told */
function reason({ outcome, number, at }) {
  const key = `given_${outcome}`;
  const words = canSay(key) ? say(key) : say("given_other", { reason: outcome });
  const before = at === null ? "" : say("givenOn", { when: day(Date.parse(at) / 1000) });
  return [words, before, number === null ? "" : say("givenInstead", { number })].filter(Boolean).join(" ");
}

/** Whether the number of a certificate begins with a segment of our constituency. @param {any} said */
async function isOfOurs(said) {
  const campaign = await keptCampaign();
  const segment = said.number.slice(0, said.number.lastIndexOf("-"));
  return campaign === undefined || campaign.segments.some(({ code }) => code === segment);
}
