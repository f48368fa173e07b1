// Signing in and out. The token arrives in the fragment of the address, which no server ever sees.
"use strict";

async function signIn(token) {
  const answer = await fetch("/session", { method: "POST", headers: { Authorization: `Bearer ${token}` } });
  if (answer.ok) {
    location.replace(location.pathname + location.search);
    return;
  }
  const problem = await answer.json().catch(() => ({ detail: "The server did not answer as expected" }));
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

document.getElementById("sign-in")?.addEventListener("submit", (event) => {
  event.preventDefault();
  signIn(document.getElementById("token").value.trim());
});

document.getElementById("sign-out")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  await fetch("/session", { method: "DELETE" });
  location.replace("/");
});
