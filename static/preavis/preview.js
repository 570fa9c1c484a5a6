// The ways of looking at a message without asking the server for the whole page again; picking a touchpoint or language shows it.
const frame = document.getElementById("preview-frame");
const text = document.getElementById("preview-text");
const tabs = document.querySelector(".view-tabs");
const choice = document.querySelector(".preview-choice");

// An address put into a frame, so that going back does not go through every look.
let shown = frame?.src;
const show = (address) => {
    if (shown !== address) {
        shown = address;
        frame.contentWindow.location.replace(address);
    }
};

tabs?.addEventListener("click", (event) => {
    const tab = event.target.closest("[data-view]");
    if (!tab || event.ctrlKey || event.metaKey || event.shiftKey) {
        return;
    }
    event.preventDefault();
    const view = tab.dataset.view;
    const address = new URL(shown);
    if (view === "dark") {
        address.searchParams.set("scheme", "dark");
    } else {
        address.searchParams.delete("scheme");
    }
    show(address.href);
    frame.classList.toggle("narrow-frame", view === "mobile");
    frame.hidden = view === "text";
    text.hidden = view !== "text";
    for (const other of tabs.querySelectorAll("[data-view]")) {
        if (other === tab) {
            other.setAttribute("aria-current", "true");
        } else {
            other.removeAttribute("aria-current");
        }
    }
    if (choice) choice.elements.view.value = view;
    const here = new URL(location.href);
    here.searchParams.set("view", view);
    history.replaceState(null, "", here);
});

choice?.addEventListener("change", (event) => {
    if (event.target instanceof HTMLSelectElement) {
        choice.requestSubmit();
    }
});
