// Why the server did not take something, in words.
import { canSay, say } from "./language.js";

const URN = "urn:mitra:problem:";

/** @param {{type?: string}} problem empty where a proxy answered @param {string[]} [fields] that it is about */
export function reasonOf({ type = "" }, fields = []) {
  const slug = type.replace(URN, "");
  const key = `why_${slug.replaceAll("-", "_")}`;
  return canSay(key) ? say(key) : say("why_other", { reason: [slug, ...fields].join(", ") });
}
