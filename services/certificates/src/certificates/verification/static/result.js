// A verdict as the page shows it. Everything is set as text; what others wrote stands isolated.
import { say } from "./language.js";
import { day, hostOf, languageOf, moment, visible } from "./certificate/shown.js";

const SIGNS = {
  good: "M17 33l10 10 20-22",
  caution: "M32 16v21M32 46v1",
  bad: "M21 21l22 22M43 21L21 43",
  unclear: "M24 25c0-11 17-11 17 0 0 7-9 7-9 14M32 47v1",
  working: "M32 14a18 18 0 1 1-18 18",
};
const TONES = { revoked: "bad", altered: "bad", unknown_key: "bad", other_issuer: "caution", valid: "good" };

const part = (id) => document.getElementById(id);

// `verdict` is of verify.js, or {outcome: "working" | "reading" | "insecure" | "old_browser" | "fault"};
// `now` is when it was found, in seconds.
export function show(verdict, now) {
  const { tone, heading, meaning } = summary(verdict);
  const result = part("result");
  result.dataset.tone = tone;
  result.dataset.outcome = verdict.outcome;
  result.hidden = false;
  part("sign").setAttribute("d", SIGNS[tone]);
  part("outcome").textContent = heading;
  part("meaning").textContent = meaning;
  part("announce").textContent = `${heading}. ${meaning}`;
  part("certificate").hidden = !verdict.said;
  if (verdict.said) showCertificate(verdict);
  const done = tone !== "working" && verdict.outcome !== "unreadable";
  part("after").hidden = !done;
  part("checked-at").hidden = !done;
  part("checked-at").textContent = say("checkedAt", { when: moment(now) });
}

export function clear() {
  part("result").hidden = true;
  part("announce").textContent = "";
}

function summary(verdict) {
  const { outcome, reason, status } = verdict;
  if (outcome === "working" || outcome === "reading") return entry("working", outcome, `${outcome}Text`);
  if (outcome === "unreadable") return entry("unclear", "unreadable", `unreadable_${reason}`);
  if (outcome === "valid" && status.asOf === null) return entry("caution", "validUnknown", "validUnknownText");
  if (outcome === "valid" && status.expired) return entry("caution", "validExpired", "validExpiredText");
  const values = { issuer: verdict.issuer && hostOf(verdict.issuer) };
  return entry(TONES[outcome] || "unclear", outcome, `${outcome}Text`, values);
}

function entry(tone, heading, meaning, values) {
  return { tone, heading: say(heading), meaning: say(meaning, values) };
}

function showCertificate({ outcome, said, status }) {
  const name = visible(said.name);
  part("holder").textContent = name;
  part("holder").lang = languageOf(name);
  for (const field of ["number", "constituency", "segment", "campaign"]) {
    part(field).textContent = visible(said[field]);
  }
  part("issued-on").textContent = day(said.issuedAt);
  part("issuer").textContent = hostOf(said.issuer);
  part("status").textContent = statusWords(outcome, status);
  const problem = status.asOf === null && status.problem === "unreachable" ? null : status.problem;
  part("problem").hidden = problem === null;
  part("problem").dataset.problem = problem || "";
  part("problem").textContent = problem === null ? "" : say(`problem_${problem}`);
}

function statusWords(outcome, { asOf, validUntil, expired }) {
  if (asOf === null) return say("statusUnknown");
  if (outcome === "revoked") return say("statusRevoked", { when: moment(asOf) });
  if (expired) return say("statusExpired", { when: moment(asOf), until: moment(validUntil) });
  return say("statusValid", { when: moment(asOf) });
}
