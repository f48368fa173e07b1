// The person who was enrolled last: the receipt as a link to share and a code to scan.
import { read } from "./database.js";
import { part } from "./parts.js";
import { qrCode } from "./qr.js";
import { unseal } from "./vault.js";

export async function showLast() {
  const kept = await read("last");
  part("last").hidden = !kept;
  if (!kept) return;
  const last = await unseal(kept, "last");
  part("last-name").textContent = last.name;
  part("last-receipt").hidden = part("last-share").hidden = !last.receipt;
  part("last-none").hidden = Boolean(last.receipt);
  if (!last.receipt) return;
  const link = new URL(last.receipt_path || `/r/${encodeURIComponent(last.receipt)}`, location.origin);
  part("last-link").href = link.href;
  part("last-link").textContent = link.host + link.pathname;
  if (part("last-code").dataset.of !== link.href) {
    const code = qrCode(link.href, link.href);
    part("last-code").replaceChildren(...(code ? [code] : []));
    part("last-code").dataset.of = link.href;
  }
  part("last-share").hidden = !navigator.share;
  part("last-share").onclick = () => navigator.share({ url: link.href }).catch((/** @type {Error} */ error) => {
    if (error.name !== "AbortError") console.warn(error.message);
  });
}
