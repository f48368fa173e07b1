// Photos of papers that are not at the server: how many wait, and which were refused and why, to be taken again.
import { canSay, say } from "./language.js";
import { troubleWith } from "./paper_photo.js";
import { dropPhotos, keepPhoto, placeOfName } from "./paper_photos.js";
import { confirmed, make, part, show } from "./parts.js";
import { scaledDown } from "./photo_scaling.js";
import { showRows } from "./rows.js";
import { unseal } from "./vault.js";

const URN = "urn:mitra:problem:";

/** @param {{waiting: number, refused: import("./paper_photos.js").Photo[]}} photos @param {{changed: () => void, retaken: () => void}} then */
export function showPhotos({ waiting, refused }, then) {
  show("photos-state", waiting ? say("photosWaiting", { count: waiting }) : null);
  showRows(part("photos"), refused, ({ id, problem }) => [id, problem], (photo) => row(photo, then));
}

/** @param {import("./paper_photos.js").Photo} photo @param {{changed: () => void, retaken: () => void}} then */
function row(photo, then) {
  const item = make("li", null);
  const heading = make("p", `${say("photoOf")} `);
  const name = make("bdi", "…", { dir: "auto" });
  heading.append(name);
  const why = make("p", reason(photo), { class: "why" });
  item.append(heading, why);
  unseal(/** @type {any} */ (photo.name), placeOfName(photo.record)).then(
    (told) => { name.textContent = told.name; },
    () => { name.textContent = say("unreadable"); },
  );
  if (photo.mitra) item.append(retaking(photo, why, then));
  const away = make("button", say("paperDrop"), { type: "button", class: "quiet" });
  away.addEventListener("click", async () => {
    if (!(await confirmed(say("photoDropAsk"), say("paperDrop")))) return;
    await dropPhotos([photo.record]);
    then.changed();
  });
  item.append(away);
  return item;
}

/** @param {import("./paper_photos.js").Photo} photo @param {HTMLElement} why @param {{retaken: () => void}} then */
function retaking(photo, why, then) {
  const label = make("label", null, { class: "file" });
  const file = make("input", null, { type: "file", accept: "image/*", capture: "environment" });
  label.append(file, make("span", say("paperAgain")));
  file.addEventListener("change", async () => {
    if (!file.files.length) return;
    try {
      await keepPhoto(photo.record, await scaledDown(file.files[0]));
    } catch (error) {
      why.textContent = say(troubleWith(/** @type {Error} */ (error)));
      return;
    }
    then.retaken();
  });
  return label;
}

/** @param {import("./paper_photos.js").Photo} photo */
function reason(photo) {
  const slug = String(photo.problem?.type).replace(URN, "");
  const key = `photo_${slug.replaceAll("-", "_")}`;
  return canSay(key) ? say(key) : say("photo_other", { reason: slug });
}
