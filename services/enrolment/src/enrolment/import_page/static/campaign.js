// The campaign as the page needs it: what can be chosen for a whole sheet, and what fills the words of problems.
import { askSigned, staff } from "./session.js";

const INDIA_MS = 5.5 * 3_600_000;

/**
 * @typedef {{code: string, name: Object<string, string>}} Named
 * @typedef {{id: string, segments: Named[], bases: string[], versions: string[], languages: string[],
 *   facts: Object<string, string | number>}} Campaign
 */

/** @type {Campaign | null} */
let loaded = null;

/** @returns {Promise<Campaign>} that of whoever is signed in */
export async function campaign() {
  const me = staff();
  if (loaded === null || me === null || loaded.id !== `${me.campaign} ${me.area}`) {
    loaded = told(await (await askSigned(`/v1/campaigns/${encodeURIComponent(me?.campaign ?? "")}`)).json(), me);
  }
  return loaded;
}

/** @param {any} definition @param {any} me @returns {Campaign} */
function told(definition, me) {
  const day = new Date(Date.now() + INDIA_MS).toISOString().slice(0, 10);
  const begun = definition.notices.filter((/** @type {any} */ notice) => notice.in_force_from <= day);
  const newest = (begun.length ? begun : definition.notices.slice(0, 1)).reduce((/** @type {any} */ best, /** @type {any} */ notice) =>
    notice.in_force_from > best.in_force_from ? notice : best);
  const languages = definition.notices
    .filter((/** @type {any} */ notice) => notice.version === newest.version)
    .map((/** @type {any} */ notice) => notice.language)
    .sort();
  return {
    id: `${me.campaign} ${me.area}`,
    segments: definition.areas.filter((/** @type {any} */ each) => each.level === "segment" && each.parent === me.area),
    bases: definition.eligibility.bases,
    versions: [...new Set(definition.notices.map((/** @type {any} */ notice) => notice.version))],
    languages,
    facts: {
      notice: newest.version,
      languages: languages.join(", "),
      schemes: definition.schemes.map((/** @type {any} */ scheme) => scheme.code).sort().join(", "),
      bases: [...definition.eligibility.bases].sort().join(", "),
      minimum_age: definition.eligibility.minimum_age,
      people_per_phone: definition.eligibility.people_per_phone,
    },
  };
}
