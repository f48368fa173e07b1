// Own numbers by day: as this phone has seen them, and as the server counts what came from this phone.
import { say } from "./language.js";
import { Refused, Unreachable } from "./net.js";
import { make, part, show, written } from "./parts.js";
import { askSigned } from "./session.js";
import { SignInNeeded } from "./session_api.js";

/** Which answer of the server is the newest. */
let turn = 0;

/** @param {any[]} days */
export function showDays(days) {
  part("days").replaceChildren(...rows(days, ["made", "enrolled", "refused"]));
}

/** @param {{id: string}} device */
export async function showServerDays(device) {
  const mine = ++turn;
  let told;
  try {
    told = await (await askSigned(`/v1/devices/${device.id}`)).json();
  } catch (error) {
    const isExpected = error instanceof Unreachable || error instanceof SignInNeeded || error instanceof Refused;
    if (!isExpected) throw error;
    if (mine !== turn) return;
    // A device that never synced is not known there.
    const isUnknown = error instanceof Refused && error.status === 404;
    show("server-state", say(isUnknown ? "receiptNone" : "serverAway"));
    part("server-days").replaceChildren();
    return;
  }
  if (mine !== turn) return;
  show("server-state", say("serverTold", told));
  part("server-days").replaceChildren(...rows(told.days, ["enrolled", "refused"]));
}

/** @param {any[]} days @param {string[]} columns */
function rows(days, columns) {
  if (!days.length) {
    const row = make("tr", null);
    row.append(make("td", say("nothingYet"), { colspan: String(columns.length + 1) }));
    return [row];
  }
  return days.map((day) => {
    const row = make("tr", null);
    const head = make("th", null, { scope: "row" });
    head.append(make("bdi", written(day.day), { dir: "ltr" }));
    row.append(head, ...columns.map((column) => make("td", String(day[column]))));
    return row;
  });
}
