// A table as a grid: one stop for the Tab key, arrows from there on, and cells that are selected together.
import { boxesIn } from "./matrix-state.js";

export class Grid {
    here = null; // the cell that has, or last had, the focus
    #anchor = null; // where a selection began

    constructor(home) {
        this.home = home;
    }

    get table() {
        return this.home.querySelector("[data-grid]");
    }

    // Headings become buttons, and the first cell the stop of the Tab key, unless somebody was quicker.
    prepare() {
        for (const head of this.home.querySelectorAll("[data-head]")) {
            const button = document.createElement("button");
            button.type = "button";
            button.className = head.className;
            button.append(...head.childNodes);
            const words = document.createElement("span");
            words.className = "visually-hidden";
            words.textContent = ` (${head.dataset.head})`;
            button.append(words);
            head.replaceWith(button);
        }
        if (!this.table) {
            return;
        }
        for (const stop of this.table.querySelectorAll("button, input[name=on]")) {
            stop.tabIndex = -1;
        }
        const boxes = boxesIn(this.home);
        const stop = boxes.find((box) => box === document.activeElement) ?? boxes[0];
        if (stop) {
            stop.tabIndex = 0;
            this.here = stop.closest("[data-cell]");
        }
    }

    // Where the focus may be: a heading, a button or the box of a cell.
    stopAt(element) {
        return element.closest("[data-grid] button, [data-grid] input[name=on]");
    }

    makeTheStop(stop) {
        for (const other of this.table.querySelectorAll("[tabindex='0']")) {
            other.tabIndex = -1;
        }
        stop.tabIndex = 0;
    }

    go(stop) {
        this.makeTheStop(stop);
        stop.focus();
        stop.closest("th, td").scrollIntoView({ block: "nearest", inline: "nearest" });
    }

    next(from, down, right) {
        const lines = this.#lines();
        let [row, column] = this.#placeOf(from, lines);
        do {
            row += down;
            column += right;
        } while (lines[row] && column >= 0 && column < lines[row].length && !lines[row][column]);
        return down && lines[row] ? lines[row].at(Math.min(column, lines[row].length - 1)) : lines[row]?.[column];
    }

    edge(from, isEnd, isTable) {
        const lines = this.#lines();
        const [row] = this.#placeOf(from, lines);
        const whole = isEnd ? lines.at(-1) : lines.find((line) => line.some(Boolean));
        const line = (isTable ? whole : lines[row]).filter(Boolean);
        return isEnd ? line.at(-1) : line[0];
    }

    // The stops of each row; the last of its cells may have several, any other has one or none.
    #lines() {
        const stopsOf = (cell) => {
            const stops = [...cell.querySelectorAll("button:not([hidden]), input[name=on]")];
            return stops.length > 0 ? stops : [null];
        };
        return [...this.table.rows].map((row) => [...row.cells].flatMap(stopsOf));
    }

    #placeOf(stop, lines) {
        const row = stop.closest("tr").rowIndex;
        return [row, lines[row].indexOf(stop)];
    }

    // Selection

    select(cell, isSelected) {
        cell.setAttribute("aria-selected", String(isSelected));
        cell.classList.toggle("selected", isSelected);
    }

    clear(anchor = null) {
        this.home.querySelectorAll(".selected").forEach((cell) => this.select(cell, false));
        this.#anchor = anchor;
    }

    stretch(to) {
        const from = this.#anchor && this.home.contains(this.#anchor) ? this.#anchor : this.here;
        this.#anchor = from;
        const [[top, left], [bottom, right]] = [from, to].map((cell) => [cell.parentElement.rowIndex, cell.cellIndex]);
        const within = (number, one, other) => number >= Math.min(one, other) && number <= Math.max(one, other);
        for (const cell of this.home.querySelectorAll("[data-cell]")) {
            this.select(cell, within(cell.parentElement.rowIndex, top, bottom) && within(cell.cellIndex, left, right));
        }
    }

    chosen(cell) {
        const several = [...this.home.querySelectorAll("[data-cell].selected")];
        return several.includes(cell) ? several : [cell];
    }
}
