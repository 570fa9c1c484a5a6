// Says when messages have arrived since the list was shown; never reloads by itself, so nobody loses their place.
const list = document.querySelector("main[data-newest]");
const note = document.getElementById("arrived");

async function look() {
  const answer = await fetch("/newest").catch(() => null);
  if (!answer?.ok) return;
  const arrived = Number(await answer.text()) - Number(list.dataset.newest);
  if (arrived <= 0) return;
  const link = document.createElement("a");
  link.href = "/";
  link.textContent = `${arrived} new ${arrived === 1 ? "message" : "messages"}: show`;
  note.replaceChildren(link);
}

if (list) {
  setInterval(() => document.hidden || look(), 3000);
}
