// Shows what a form would lead to while it is being filled in. The server renders; this only fetches and puts in place.
const form = document.querySelector("form[data-live]");
const PAUSE = 350;

if (form) {
    const target = document.getElementById(form.dataset.liveInto);
    let timer = 0;
    let running = null;

    const fragmentOf = async () => {
        running?.abort();
        running = new AbortController();
        const body = new FormData(form);
        if (form.dataset.liveExtra) {
            body.append(form.dataset.liveExtra, "1");
        }
        target.setAttribute("aria-busy", "true");
        try {
            const answer = await fetch(form.dataset.live, { method: "POST", body, signal: running.signal, redirect: "error" });
            if (answer.ok) {
                put(await answer.text());
            }
            target.setAttribute("aria-busy", "false");
        } catch (error) {
            if (error.name !== "AbortError") {
                target.setAttribute("aria-busy", "false"); // the plan shown stays; the buttons work without it
            }
        }
    };

    const put = (html) => {
        const left = target.querySelector(".scroll")?.scrollLeft ?? 0;
        target.innerHTML = html;
        const scroller = target.querySelector(".scroll");
        if (scroller) {
            scroller.scrollLeft = left;
        }
        placeAdvice();
        say(target.querySelector("[data-live-say]")?.textContent ?? "");
        const label = target.querySelector("template[data-label-source]");
        if (label) {
            form.querySelector("[data-schedule]")?.replaceChildren(label.content.cloneNode(true));
        }
    };

    // The sum is spoken; the whole table would be too much.
    const voice = document.createElement("p");
    voice.className = "visually-hidden";
    voice.setAttribute("role", "status");
    form.after(voice);
    const say = (text) => {
        voice.textContent = text.replace(/\s+/g, " ").trim();
    };

    // Each warning stands beside the field that causes it.
    const placeAdvice = () => {
        const source = target.querySelector("template[data-advice-source]");
        for (const slot of form.querySelectorAll("[data-advice]")) {
            const found = source ? source.content.querySelectorAll(`[data-beside="${slot.dataset.advice}"] > *`) : [];
            slot.replaceChildren(...[...found].map((node) => node.cloneNode(true)));
        }
    };

    const soon = () => {
        clearTimeout(timer);
        timer = setTimeout(fragmentOf, PAUSE);
    };
    form.addEventListener("input", soon);
    form.addEventListener("change", soon);
}
