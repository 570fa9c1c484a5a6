// An answer of the server put in place of what is shown.
import { isLocked } from "./matrix-state.js";

const PLACES = ["[data-facts]:not(.matrix-detail *)", "[data-summary]", "[data-save]", "[data-consequences]"];

// And says the same of what they are: a moment that is edited has other words, if not another place.
export const hasSameCells = (home, fresh) => {
    const names = (root) => [...root.querySelectorAll("[data-cell]")].map((cell) => cell.dataset.cell).join();
    const moments = (root) => [...root.querySelectorAll(".board-moment")].map((words) => words.textContent).join();
    return names(fresh) === names(home) && moments(fresh) === moments(home);
};

// Cell by cell, so that neither the focus nor a screen reader loses its place.
export const patch = (home, fresh) => {
    for (const cell of fresh.querySelectorAll("[data-cell]")) {
        patchCell(home.querySelector(`[data-cell="${CSS.escape(cell.dataset.cell)}"]`), cell);
    }
    for (const row of fresh.querySelectorAll("[data-row]")) {
        home.querySelector(`[data-row="${CSS.escape(row.dataset.row)}"]`).className = row.className;
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
