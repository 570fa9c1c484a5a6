// The import of contacts: shows how far it is until it is done, and the name of an attribute only where it is asked for.
const bar = document.querySelector("[data-progress]");
const PAUSE = 1000;
const LONGEST_PAUSE = 15000;

if (bar) {
    const voice = document.createElement("p");
    voice.className = "visually-hidden";
    voice.setAttribute("role", "status");
    bar.after(voice);
    let pause = PAUSE;
    let spoken = "";

    const look = async () => {
        try {
            const answer = await fetch(bar.dataset.progress, { redirect: "error" });
            if (answer.status === 204) {
                location.reload();
                return;
            }
            if (answer.ok) {
                bar.innerHTML = await answer.text();
                speak(bar.querySelector("[data-said]"));
                pause = PAUSE;
            }
        } catch {
            pause = Math.min(pause * 2, LONGEST_PAUSE); // the network is away; the work goes on
        }
        setTimeout(look, pause);
    };

    // Every tenth is spoken, not every second.
    const speak = (sentence) => {
        const tenth = sentence.dataset.said === "" ? "" : String(Math.floor(sentence.dataset.said / 10));
        if (tenth !== spoken) {
            spoken = tenth;
            voice.textContent = sentence.textContent;
        }
    };
    setTimeout(look, pause);
}

for (const choice of document.querySelectorAll("[data-meaning]")) {
    const name = choice.closest("td").querySelector("[data-attribute]");
    const show = () => {
        name.hidden = choice.value !== "attribute";
    };
    choice.addEventListener("change", show);
    show();
}
