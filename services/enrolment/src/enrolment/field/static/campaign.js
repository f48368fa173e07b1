// The campaign as this phone needs it, kept for days without a network: own segments, notices, schemes, rounds.
import { today } from "./clock.js";
import { read, write } from "./database.js";
import { askSigned, staff } from "./session.js";

const NOT_MODIFIED = 304;
/** Grows when more of the definition is kept: what an earlier version of the app kept is loaded anew. */
const SHAPE = 2;

/**
 * @typedef {{code: string, name: Object<string, string>}} Named
 * @typedef {{version: string, language: string, in_force_from: string, text: string, hash: string}} Notice
 * @typedef {{id: string, version: number, etag: string, loadedOn: string, name: Object<string, string>, area: string,
 *   minimumAge: number, bases: string[], segments: Named[], schemes: Named[], notices: Notice[],
 *   rounds?: import("./round.js").Round[], shape?: number}} Campaign
 */

/** @returns {Promise<Campaign | undefined>} as it was kept */
export function keptCampaign() {
  return read("campaign");
}

/** Looks for a newer definition, and keeps what is needed of it. @returns {Promise<Campaign>} */
export async function freshCampaign() {
  const [known, me] = [await keptCampaign(), await staff()];
  const isOurs = known && known.shape === SHAPE && known.id === me.campaign && known.area === me.area;
  const init = isOurs ? { headers: { "If-None-Match": known.etag } } : {};
  const answer = await askSigned(`/v1/campaigns/${encodeURIComponent(me.campaign)}`, init);
  const campaign = answer.status === NOT_MODIFIED
    ? { ...known, loadedOn: today() }
    : await kept(await answer.json(), me.area, answer.headers.get("ETag"));
  await write("campaign", campaign);
  return campaign;
}

/** Whether it was asked for today. @param {Campaign | undefined} known @param {{area: string}} me who works here */
export function isOfToday(known, me) {
  return known !== undefined && known.shape === SHAPE && known.loadedOn === today() && known.area === me.area;
}

/** The version of the notice that is in force, in every language it has. @param {Campaign} campaign @returns {Notice[]} */
export function noticesInForce(campaign) {
  const day = today();
  const begun = campaign.notices.filter((notice) => notice.in_force_from <= day);
  const newest = (begun.length ? begun : campaign.notices.slice(0, 1)).reduce((best, notice) =>
    notice.in_force_from > best.in_force_from ? notice : best);
  return campaign.notices.filter((notice) => notice.version === newest.version);
}

/** A name in a language, in English where it has none. @param {Object<string, string>} name @param {string} language */
export function named(name, language) {
  return name[language] || name.en;
}

/** @param {any} definition @param {string} area @param {string | null} etag @returns {Promise<Campaign>} */
async function kept(definition, area, etag) {
  const notices = definition.notices.map(async (/** @type {Notice} */ notice) => ({
    ...notice,
    hash: await sha256(notice.text),
  }));
  return {
    id: definition.id,
    version: definition.version,
    etag: etag || "",
    loadedOn: today(),
    name: definition.name,
    area,
    minimumAge: definition.eligibility.minimum_age,
    bases: definition.eligibility.bases,
    segments: definition.areas
      .filter((/** @type {any} */ each) => each.level === "segment" && each.parent === area)
      .map((/** @type {any} */ each) => ({ code: each.code, name: each.name })),
    schemes: definition.schemes,
    notices: await Promise.all(notices),
    rounds: definition.rounds,
    shape: SHAPE,
  };
}

/** @param {string} text */
async function sha256(text) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
