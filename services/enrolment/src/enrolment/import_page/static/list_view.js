// The imports of whoever is signed in, newest first.
import { kilobytes, number, time } from "./figures.js";
import { say } from "./language.js";
import { make, part } from "./parts.js";

/** @param {import("./api.js").Import[]} imports */
export function showImports(imports) {
  part("imports-none").hidden = imports.length > 0;
  part("imports").replaceChildren(...imports.map((each) => {
    const item = make("li", null);
    item.append(
      make("a", say("importOf", { time: time(each.uploaded_at) }), { href: `#${each.id}` }),
      make("p", say(`state_${each.state}`)),
      make("p", factsOf(each), { class: "small" }),
    );
    return item;
  }));
}

/** Rows, format and size. @param {import("./api.js").Import} import_ */
export function factsOf({ rows, format, bytes }) {
  return say("importLine", { rows: number(rows), format: (format ?? "?").toUpperCase(), size: kilobytes(bytes) });
}
