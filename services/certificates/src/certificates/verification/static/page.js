// The page: from an address, a camera, a picture or pasted text to a verdict on screen.
import { Camera, NoCamera } from "./certificate/camera.js";
import { Held } from "./certificate/held.js";
import { firstLanguage, remember, say, speak } from "./language.js";
import { textInFile } from "./certificate/picture.js";
import { clear, show } from "./result.js";
import { Unreadable } from "./certificate/unreadable.js";
import { verify } from "./certificate/verify.js";

const part = (id) => document.getElementById(id);
const held = new Held();
const camera = new Camera(part("video"));

// What is shown now, so that another language shows it again; `turn` tells which check is the newest.
let shown = null;
let turn = 0;
let trouble = null;

function display(verdict) {
  shown = { verdict, at: Math.floor(Date.now() / 1000) };
  show(verdict, shown.at);
  // Where nothing could be read the ways to read it stay at hand.
  part("ways").hidden = verdict.outcome !== "unreadable";
}

// Shows what `find` ends in, unless a newer check was begun meanwhile.
async function check(waiting, find) {
  const mine = ++turn;
  explain(null);
  display({ outcome: waiting });
  let verdict;
  try {
    verdict = await find();
  } catch (error) {
    if (!(error instanceof Unreadable)) console.error(error);
    verdict = error instanceof Unreadable ? { outcome: "unreadable", reason: error.reason } : { outcome: "fault" };
  }
  if (mine !== turn) return;
  display(verdict);
  part("outcome").focus({ preventScroll: true });
  part("result").scrollIntoView({ block: "start" });
}

function checkText(text) {
  if (!window.isSecureContext) return check("working", async () => ({ outcome: "insecure" }));
  if (!window.crypto || !crypto.subtle) return check("working", async () => ({ outcome: "old_browser" }));
  return check("working", () => verify(text, held, Date.now() / 1000));
}

function checkAddress() {
  if (location.hash.length > 1) checkText(location.hash.slice(1));
}

// A code that came another way must not stand beside the one in the address.
function forgetAddress() {
  if (location.hash) history.replaceState(null, "", location.pathname);
}

function explain(key) {
  trouble = key;
  part("trouble").hidden = key === null;
  part("trouble").textContent = key === null ? "" : say(key);
}

async function scan() {
  explain(null);
  part("camera").hidden = false;
  part("scan").hidden = true;
  part("stop").focus();
  let text = null;
  try {
    text = await camera.read();
  } catch (error) {
    if (!(error instanceof NoCamera)) console.error(error);
    explain(error instanceof NoCamera ? error.message : "cameraBusy");
  } finally {
    part("camera").hidden = true;
    part("scan").hidden = false;
  }
  if (text === null) {
    part("scan").focus();
    return;
  }
  forgetAddress();
  await checkText(text);
}

async function checkFile(file) {
  forgetAddress();
  const mine = turn + 1;
  let text = null;
  await check("reading", async () => {
    text = await textInFile(file);
    return { outcome: "working" };
  });
  if (text !== null && mine === turn) await checkText(text);
}

function again() {
  turn++;
  shown = null;
  forgetAddress();
  clear();
  explain(null);
  part("text").value = "";
  part("ways").hidden = false;
  part("scan").focus();
}

function choose(language) {
  speak(language);
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  }
  if (shown) show(shown.verdict, shown.at);
  if (trouble) explain(trouble);
}

async function workOffline() {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("/v/worker.js", { scope: "/v" });
    await navigator.serviceWorker.ready;
  } catch (error) {
    console.warn("This browser does not keep the page:", error.message);
    return;
  }
  if (await held.prepare()) part("offline-ready").hidden = false;
}

part("start").remove();
choose(firstLanguage());
for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => {
    choose(button.dataset.language);
    remember(button.dataset.language);
  });
}
part("scan").addEventListener("click", scan);
part("stop").addEventListener("click", () => camera.stop());
part("file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  if (file) checkFile(file);
  event.target.value = "";
});
part("paste").addEventListener("submit", (event) => {
  event.preventDefault();
  forgetAddress();
  checkText(part("text").value);
});
part("again").addEventListener("click", again);
part("print").addEventListener("click", () => window.print());
window.addEventListener("hashchange", checkAddress);
document.documentElement.dataset.ready = "";
checkAddress();
workOffline();
