// Signing in to the data-protection page and out of it.
"use strict";

const form = document.getElementById("sign-in");

async function signIn(token) {
  const answer = await fetch("/session", { method: "POST", headers: { Authorization: `Bearer ${token}` } });
  if (answer.ok) {
    location.replace(location.pathname);
    return;
  }
  const problem = await answer.json().catch(() => ({ detail: form?.dataset.unexpected ?? "" }));
  const place = document.getElementById("problem");
  place.textContent = problem.detail;
  place.hidden = false;
}

// The token arrives in the fragment of the address, which no server ever sees.
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  history.replaceState(null, "", location.pathname);
  signIn(given);
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  signIn(document.getElementById("token").value.trim());
});

document.getElementById("sign-out")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  await fetch("/session", { method: "DELETE" });
  location.replace(location.pathname);
});
