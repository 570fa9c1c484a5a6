// Unsaved edits are guarded: the browser asks before it leaves them. What counts is whether the form differs from how it was
// opened, so that an edit taken back is none, and a widget that writes without an event is not missed.
const guarded = document.querySelectorAll("form[data-guard], .change-form #content-main > form[method=post]");

const valuesOf = (form) => {
    const skipped = new Set(["csrfmiddlewaretoken", "_seen", "_opened_at"]);
    const pairs = [...new FormData(form)].filter(([name]) => !skipped.has(name));
    return JSON.stringify(pairs.map(([name, value]) => [name, typeof value === "string" ? value : value.name]));
};

for (const form of guarded) {
    let opened = valuesOf(form);
    let leaving = false;
    // A form shown again with its mistakes, or beside what somebody else saved, holds what was never saved.
    const wasRefused = Boolean(document.querySelector(".errornote, .conflict"));

    // Widgets that are put in place by scripts may fill in what they show, before anybody has touched the form.
    let isTouched = false;
    for (const name of ["input", "change", "click", "keydown"]) {
        form.addEventListener(name, () => (isTouched = true), { once: true, capture: true });
    }
    window.addEventListener("load", () => {
        if (!isTouched) {
            opened = valuesOf(form);
        }
    });
    form.addEventListener("submit", (event) => {
        leaving = !event.submitter?.hasAttribute("formtarget"); // a preview in a frame leaves nothing
    });
    window.addEventListener("pageshow", () => (leaving = false));
    window.addEventListener("beforeunload", (event) => {
        if (!leaving && (wasRefused || valuesOf(form) !== opened)) {
            event.preventDefault();
        }
    });
}

// To drop one's own edits on purpose is no accident.
for (const link of document.querySelectorAll(".conflict a.button")) {
    link.addEventListener("click", () => {
        for (const form of guarded) {
            form.dispatchEvent(new SubmitEvent("submit"));
        }
    });
}
