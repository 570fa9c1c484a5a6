// `/` goes to the search of the page, `?` tells which keys there are. Never while somebody types, and only as long as they are wanted
// here: people who speak to their computer, or slip easily, can switch them off (WCAG 2.1.4). The button works either way.
const dialog = document.getElementById("keys");
const search = document.querySelector("main input[type=search]");
const KEPT = "preavis.keys";

const FIELDS = "input:not([type=checkbox], [type=radio], [type=submit], [type=button]), textarea, select, [contenteditable]";

const isTyping = (target) => target instanceof Element && Boolean(target.closest(FIELDS));

if (dialog) {
    const wanted = dialog.querySelector("#keys-on");
    wanted.checked = localStorage.getItem(KEPT) !== "off";
    wanted.addEventListener("change", () => localStorage.setItem(KEPT, wanted.checked ? "on" : "off"));

    for (const words of dialog.querySelectorAll("[data-keys-search]")) {
        words.hidden = !search;
    }
    for (const button of document.querySelectorAll("[data-keys-button]")) {
        button.hidden = false;
        button.addEventListener("click", () => dialog.showModal());
    }

    document.addEventListener("keydown", (event) => {
        const isOther = event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented;
        if (isOther || !wanted.checked || isTyping(event.target) || dialog.open) {
            return;
        }
        if (event.key === "/" && search) {
            event.preventDefault(); // the sign is not typed into it, and no browser's own search opens
            search.focus();
            search.select();
        } else if (event.key === "?") {
            event.preventDefault();
            dialog.showModal();
        }
    });
}
