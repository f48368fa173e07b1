// The parts of the app: one is shown at a time.

const BY_ADDRESS = new Set(["contacts"]);

/** @param {string} view */
export function showView(view) {
  for (const section of document.querySelectorAll("[id^=view-]")) /** @type {HTMLElement} */ (section).hidden = section.id !== `view-${view}`;
  for (const button of document.querySelectorAll("[data-view]")) {
    if (/** @type {HTMLElement} */ (button).dataset.view === view) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  window.scrollTo(0, 0);
}

/** The part that another page of the app leads to; the next start begins as ever. @returns {string | null} */
export function viewInAddress() {
  const wanted = location.hash.slice(1);
  if (!BY_ADDRESS.has(wanted)) return null;
  history.replaceState(null, "", location.pathname);
  return wanted;
}
