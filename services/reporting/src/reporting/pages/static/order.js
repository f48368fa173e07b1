// The order of the cards: as in the campaign, or sorted and then without their headings.
"use strict";

const sort = document.getElementById("sort");
const groups = document.getElementById("groups");
const inGroups = [...groups.children];
const cards = [...groups.querySelectorAll(".card")];
const homes = cards.map((card) => card.parentElement);
const flat = document.createElement("ul");
flat.className = "cards";

const bars = (card) => card.querySelector("progress");
const keys = {
  progress: (card) => (bars(card) ? bars(card).value / bars(card).max : -1),
  waitlisted: (card) => Number(card.dataset.waitlisted),
  name: (card) => card.dataset.name,
};

function order() {
  if (!sort.value) {
    cards.forEach((card, index) => homes[index].append(card));
    groups.replaceChildren(...inGroups);
    return;
  }
  const down = sort.value.startsWith("-") ? -1 : 1;
  const key = keys[sort.value.replace("-", "")];
  const sorted = [...cards].sort((a, b) => (key(a) < key(b) ? -down : key(a) > key(b) ? down : 0));
  // A card that is taken off and put back loses the focus, and a tap on it.
  if (flat.isConnected && sorted.every((card, index) => card === flat.children[index])) return;
  flat.replaceChildren(...sorted);
  groups.replaceChildren(flat);
}

sort.addEventListener("change", order);
if (sort.value) order();
setInterval(() => sort.value && sort.value !== "name" && order(), 5_000);
