// Desktop and mobile width of the previewed message; picking a touchpoint or language shows it at once.
const frame = document.getElementById("preview-frame");
const widths = document.querySelector(".width-switch");

if (frame && widths) {
    widths.hidden = false;
    widths.addEventListener("click", (event) => {
        const chosen = event.target.closest("[data-width]");
        if (!chosen) {
            return;
        }
        frame.classList.toggle("narrow-frame", chosen.dataset.width === "narrow");
        for (const button of widths.querySelectorAll("[data-width]")) {
            button.setAttribute("aria-pressed", String(button === chosen));
        }
    });
}

const choice = document.querySelector(".preview-choice");
choice?.addEventListener("change", (event) => {
    if (event.target instanceof HTMLSelectElement) {
        choice.requestSubmit();
    }
});
