// What waits, what was sent, what was refused and why, and what the server has confirmed.
import { say } from "./language.js";
import { confirmed, make, part, show } from "./parts.js";
import { showPhotos } from "./photos_view.js";
import { drop, enrolmentOf, isOutdated } from "./queue.js";
import { reasonOf } from "./reasons.js";
import { showRows } from "./rows.js";

/**
 * @param {Awaited<ReturnType<typeof import("./queue.js").standing>>} stands
 * @param {string} state of the sending
 * @param {{mend: (record: import("./queue.js").Record, enrolment: any) => void, changed: () => void, retaken: () => void}} then
 */
export function showQueue(stands, state, then) {
  const refused = [...stands.refused, ...stands.unreadable];
  part("queue-waiting").textContent = stands.waiting;
  part("queue-refused").textContent = refused.length;
  part("queue-sent").textContent = stands.days.reduce((sum, day) => sum + day.enrolled, 0);
  show("queue-state", state === "idle" && stands.waiting + stands.photos.waiting ? null : say(`state_${state.replace("-", "")}`));
  part("send").disabled = state === "sending";
  part("receipt-state").textContent = receiptInWords(stands);
  showRows(part("refusals"), refused, ({ number, key, state: now, problem }) => [number, key, now, problem],
    (record) => refusal(record, then));
  showPhotos(stands.photos, then);
  const left = stands.waiting + refused.length + stands.photos.waiting + stands.photos.refused.length;
  part("badge").hidden = !left;
  part("badge").textContent = left;
}

/** @param {{receipt: any, device: {id: string, last: number}}} stands */
function receiptInWords({ receipt, device }) {
  if (!receipt || receipt.claims.device !== device.id) return say("receiptNone");
  const { gapless, count } = receipt.claims;
  return gapless >= device.last
    ? say("receiptAll", { highest: device.last })
    : say("receiptSome", { count, highest: device.last });
}

/** @param {import("./queue.js").Record} record @param {{mend: Function, changed: Function}} then */
function refusal(record, then) {
  const item = make("li", null, { "data-number": record.number });
  const name = make("bdi", "…", { dir: "auto" });
  const heading = make("p", `${record.number} · `);
  heading.append(name);
  item.append(heading, make("p", reason(record), { class: "why" }));
  if (record.state === "refused") {
    const mend = make("button", say(isOutdated(record) ? "askAgain" : "mend"), { type: "button" });
    item.append(mend);
    const opened = enrolmentOf(record);
    // That it cannot be opened is shown below.
    mend.addEventListener("click", () => opened.then((enrolment) => then.mend(record, enrolment), () => {}));
    opened.then((enrolment) => {
      name.textContent = enrolment.name;
    }, () => {
      name.textContent = say("unreadable");
      mend.disabled = true;
    });
  }
  const away = make("button", say("drop"), { type: "button", class: "quiet" });
  away.addEventListener("click", async () => {
    if (!(await confirmed(say("dropAsk"), say("dropYes")))) return;
    await drop(record.number);
    then.changed();
  });
  item.append(away);
  return item;
}

/** @param {import("./queue.js").Record} record */
function reason(record) {
  if (!record.problem) return say("unreadable");
  return reasonOf({ type: String(record.problem.type) }, record.problem.fields);
}
