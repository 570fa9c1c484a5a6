// An answer of the server put in place of what is shown.
import { isLocked } from "./matrix-state.js";

const PLACES = ["[data-facts]:not(.matrix-detail *)", "[data-summary]", "[data-save]", "[data-consequences]"];

export const hasSameCells = (home, fresh) => {
    const names = (root) => [...root.querySelectorAll("[data-cell]")].map((cell) => cell.dataset.cell).join();
    return names(fresh) === names(home);
};

// Cell by cell, so that neither the focus nor a screen reader loses its place.
export const patch = (home, fresh) => {
    for (const cell of fresh.querySelectorAll("[data-cell]")) {
        patchCell(home.querySelector(`[data-cell="${CSS.escape(cell.dataset.cell)}"]`), cell);
    }
    for (const place of PLACES) {
        const [olds, news] = [home, fresh].map((root) => [...root.querySelectorAll(place)]);
        olds.forEach((old, number) => old.replaceWith(adopt(old, news[number])));
    }
    const resets = [...fresh.querySelectorAll("[data-reset]")];
    [...home.querySelectorAll("[data-reset]")].forEach((button, number) => {
        if (document.activeElement === button && resets[number].hidden) {
            button.closest("tr").querySelector("input[name=on]").focus();
        }
        button.hidden = resets[number].hidden;
    });
};

const patchCell = (old, cell) => {
    const isSelected = old.classList.contains("selected");
    old.className = cell.className;
    old.classList.toggle("selected", isSelected);
    Object.assign(old.dataset, cell.dataset);
    const [box, newer] = [old, cell].map((one) => one.querySelector("input[name=on]"));
    box.checked = newer.checked;
    if (isLocked(newer)) {
        box.setAttribute("aria-disabled", "true");
    } else {
        box.removeAttribute("aria-disabled");
    }
};

// Buttons stay the nodes they are, for they may have the focus.
const adopt = (old, newer) => {
    if (old.localName !== "button") {
        return newer;
    }
    old.replaceChildren(...newer.childNodes);
    return old;
};
