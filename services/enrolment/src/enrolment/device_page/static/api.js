// What the page asks: the phones, the names of the staff, and which numbers of one phone are missing.
import { askSigned, staff } from "./session.js";

const PATH = "/v1/devices";
const MOST_STAFF = "1000";

/**
 * @typedef {{id: string, staff: string, registered_at: string, synced_at: string, highest: number, received: number,
 *   missing: number, papers_without_photo: number}} Phone
 * @typedef {{missing_ranges: [number, number][], listed_to: number, highest: number}} Missing
 */

/** @returns {Promise<Phone[]>} those that were heard of longest ago first */
export async function phones() {
  return (await (await askSigned(PATH)).json()).devices;
}

/** @returns {Promise<Map<string, string>>} names by id, of whoever is signed in and whom that person looks after */
export async function names() {
  const me = staff();
  if (me === null) return new Map();
  const others = me.role === "in_charge"
    ? (await (await askSigned(`/v1/staff?${new URLSearchParams({ limit: MOST_STAFF })}`)).json()).staff
    : [];
  return new Map([...others, me].filter(({ name }) => name).map(({ id, name }) => [id, name]));
}

/** @param {string} id of a phone @returns {Promise<Missing>} */
export async function missingOf(id) {
  return (await askSigned(`${PATH}/${encodeURIComponent(id)}`)).json();
}
