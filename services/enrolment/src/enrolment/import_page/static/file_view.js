// The form that takes a file: chosen or dropped, looked at, sent, with how far it is.
import { Stopped, sendFile } from "./sending.js";
import { FileGone, WrongFile, contentOf } from "./file_check.js";
import { say } from "./language.js";
import { part, show } from "./parts.js";
import { attempt } from "./trouble.js";
import { right, wrong } from "./wording.js";

const DONE = 100;

/** @type {File | null} */
let chosen = null;
/** @type {AbortController | null} */
let sending = null;

/** @param {(id: string) => void} then the file is at the server, as that import */
export function prepareFile(then) {
  const drop = part("drop");
  part("file").addEventListener("change", () => choose(part("file").files[0] ?? null));
  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (/** @type {DragEvent} */ event) => {
      event.preventDefault();
      drop.toggleAttribute("data-over", name === "dragenter" || name === "dragover");
      if (name === "drop" && sending === null) choose(event.dataTransfer?.files[0] ?? null);
    });
  }
  // A file that misses its place is not to be shown in place of the page.
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
  part("file-form").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    send(then);
  });
  part("sending-stop").addEventListener("click", () => sending?.abort());
}

/** Says in the language of the page what stands in the form. */
export function showFile() {
  show("file-chosen", chosen === null ? null : say("fileChosen", { name: chosen.name }));
}

/** Nothing is left of the file: somebody else may sit down here. */
export function forgetFile() {
  sending?.abort();
  choose(null);
  show("sending-said", null);
}

/** @param {File | null} file */
function choose(file) {
  chosen = file;
  part("file").value = "";
  show("file-trouble", null);
  showFile();
}

/** @param {(id: string) => void} then */
async function send(then) {
  if (sending !== null) return;
  if (chosen === null) {
    show("file-trouble", say("fileNone"));
    part("file").focus();
    return;
  }
  const file = chosen;
  const stop = new AbortController();
  sending = stop;
  let id = "";
  try {
    await attempt("file-trouble", async () => {
      const content = await contentOf(file);
      showSending(true);
      id = await sendFile(content, { signal: stop.signal, progress, attempt: again });
    }, inWords);
  } finally {
    sending = null;
    showSending(false);
  }
  if (id === "") {
    part("file-send").focus();
    return;
  }
  choose(null);
  then(id);
}

/** @param {boolean} isSending */
function showSending(isSending) {
  part("sending").hidden = !isSending;
  part("file-send").disabled = part("file").disabled = isSending;
  if (!isSending) return;
  progress(0);
  part("sending-title").focus();
}

/** @param {number} share from 0 to 1 */
function progress(share) {
  const percent = Math.floor(share * DONE);
  part("sent").value = percent;
  show("sending-said", say("sending", { percent }));
}

/** @param {number} number @param {number} of */
function again(number, of) {
  show("sending-said", say("sendingAgain", { number, of }));
}

/** @param {unknown} error */
function inWords(error) {
  if (error instanceof Stopped) return say("sendingStopped");
  if (error instanceof FileGone) return say("fileGone");
  if (!(error instanceof WrongFile)) return null;
  if (error.code === "file-too-large") return say("why_body_too_large");
  return [wrong("span", error).textContent, right("span", error).textContent].join(" ");
}
