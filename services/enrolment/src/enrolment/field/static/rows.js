// Lists that are shown again and again while the app sends: a row that is as before stays, so that a tap on it counts.
import { language } from "./language.js";

/**
 * @template T
 * @param {HTMLElement} place @param {T[]} things
 * @param {(thing: T) => unknown} stands what its row depends on besides the language; nothing personal
 * @param {(thing: T) => HTMLElement} made
 */
export function showRows(place, things, stands, made) {
  const before = new Map(rowsIn(place).map((row) => [row.dataset.stands, row]));
  const rows = things.map((thing) => {
    const key = JSON.stringify([language(), stands(thing)]);
    const row = before.get(key) ?? made(thing);
    row.dataset.stands = key;
    return row;
  });
  for (const row of rowsIn(place)) if (!rows.includes(row)) row.remove();
  for (const [at, row] of rows.entries()) if (place.children[at] !== row) place.insertBefore(row, place.children[at] ?? null);
}

/** @param {HTMLElement} place */
function rowsIn(place) {
  return /** @type {HTMLElement[]} */ (Array.from(place.children));
}
