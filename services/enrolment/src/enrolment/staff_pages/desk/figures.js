// Numbers, times and tables, as people read them.
import { language } from "./language.js";
import { make } from "./parts.js";

/** @param {number} value */
export function number(value) {
  return new Intl.NumberFormat(`${language()}-IN-u-nu-latn`).format(value);
}

/** When it was in India. @param {string} at */
export function time(at) {
  return new Intl.DateTimeFormat(`${language()}-IN-u-nu-latn`, {
    dateStyle: "medium", timeStyle: "short", timeZone: "Asia/Kolkata",
  }).format(new Date(at));
}

/** Bytes as kilobytes. @param {number} bytes */
export function kilobytes(bytes) {
  return number(Math.max(1, Math.round(bytes / 1_000)));
}

/** A list of figures. @param {HTMLElement} place @param {[string, number][]} figures what it is, how many */
export function showFigures(place, figures) {
  place.replaceChildren(...figures.map(([name, value]) => {
    const figure = make("div", null);
    figure.append(make("dt", name), make("dd", number(value)));
    return figure;
  }));
}

/** A row of a table. @param {(HTMLElement | string)[]} cells texts, or cells that are there already */
export function tableRow(cells) {
  const row = make("tr", null);
  row.append(...cells.map((cell) => (typeof cell === "string" ? make("td", cell) : cell)));
  return row;
}
