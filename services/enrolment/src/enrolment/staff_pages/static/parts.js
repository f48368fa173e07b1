// Parts of the page, by their id.

/** @param {string} id @returns {any} */
export function part(id) {
  return document.getElementById(id);
}

/**
 * An element with text in it; never with markup.
 * @param {string} name @param {string | null} text @param {Object<string, string>} [attributes]
 * @returns {any}
 */
export function make(name, text, attributes = {}) {
  const element = document.createElement(name);
  if (text !== null) element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/**
 * Fills a place with boxes to choose from.
 * @param {string} place @param {string} type @param {string} name @param {{value: string, text: string, lang: string}[]} choices
 */
export function picks(place, type, name, choices) {
  const legend = part(place).querySelector("legend");
  part(place).replaceChildren(...(legend ? [legend] : []), ...choices.map(({ value, text, lang }) => {
    const label = make("label", null, { class: "pick" });
    label.append(make("input", null, { type, name, value }), make("span", text, { lang, dir: "auto" }));
    return label;
  }));
}

/** Shows a text, or hides the element where there is none. @param {string} id @param {string | null} text */
export function show(id, text) {
  part(id).hidden = text === null;
  part(id).textContent = text === null ? "" : text;
}

/**
 * Asks yes or no. @param {string} text @param {string} yes
 * @returns {Promise<boolean>}
 */
export function confirmed(text, yes) {
  const dialog = part("ask");
  part("ask-text").textContent = text;
  part("ask-yes").textContent = yes;
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === "yes");
    part("ask-yes").onclick = () => dialog.close("yes");
    part("ask-no").onclick = () => dialog.close("no");
    dialog.returnValue = "no";
    dialog.showModal();
  });
}

/** A day as people write it: 2026-11-28 as 28-11-2026. @param {string} day */
export function written(day) {
  return day.split("-").reverse().join("-");
}
