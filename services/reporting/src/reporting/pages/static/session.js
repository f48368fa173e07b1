// Signing in and out, and choosing a language. The token arrives in the fragment of the address, which no server
// ever sees.
"use strict";

const form = document.getElementById("sign-in");

async function signIn(token) {
  const answer = await fetch("/session", { method: "POST", headers: { Authorization: `Bearer ${token}` } });
  if (answer.ok) {
    location.replace(location.pathname + location.search);
    return;
  }
  const problem = await answer.json().catch(() => ({ detail: form?.dataset.unexpected ?? "" }));
  const place = document.getElementById("problem") ?? document.getElementById("announce");
  place.textContent = problem.detail;
  place.hidden = false;
}

function signInFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    history.replaceState(null, "", location.pathname + location.search);
    signIn(given);
  }
}
signInFromAddress();
addEventListener("hashchange", signInFromAddress);

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  signIn(document.getElementById("token").value.trim());
});

document.getElementById("sign-out")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  await fetch("/session", { method: "DELETE" });
  location.replace("/");
});

const preferences = document.querySelector(".preferences");
if (preferences) {
  preferences.querySelector("button").hidden = true;
  preferences.addEventListener("change", () => preferences.submit());
}
