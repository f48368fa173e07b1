// Forms that were left half-filled, to go on with or to drop.
import { drafts, dropDraft } from "./drafts.js";
import { say } from "./language.js";
import { confirmed, make, part } from "./parts.js";
import { showRows } from "./rows.js";

/** @param {{resume: (key: string, values: any) => void, changed: () => void}} then */
export async function showDrafts(then) {
  const others = await drafts();
  part("drafts-part").hidden = !others.length;
  showRows(part("drafts"), others, ({ key, at }) => [key, at], (draft) => row(draft, then));
}

/** @param {{key: string, values: any}} draft @param {{resume: Function, changed: Function}} then */
function row({ key, values }, then) {
  const item = make("li", null);
  const who = make("p", null);
  who.append(make("bdi", values.name || values.phone || say("paperPreview"), { dir: "auto" }));
  const on = make("button", say("draftResume"), { type: "button" });
  on.addEventListener("click", () => then.resume(key, values));
  const away = make("button", say("drop"), { type: "button", class: "quiet" });
  away.addEventListener("click", async () => {
    if (!(await confirmed(say("draftDropAsk"), say("dropYes")))) return;
    await dropDraft(key);
    then.changed();
  });
  item.append(who, on, away);
  return item;
}
