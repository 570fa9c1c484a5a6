// The matrix of a plan by mouse and keyboard. The form works without it: this toggles, asks the server what would follow
// and puts the answer in place. What is switched on, whose it is and which columns and moments there are is one state, which
// undo keeps.
import { Grid } from "./matrix-grid.js";
import { offerMoments } from "./matrix-moments.js";
import { hasSameCells, patch } from "./matrix-patch.js";
import { History, boxOf, boxesIn, hold, isLocked, read } from "./matrix-state.js";

const form = document.querySelector("form[data-matrix-form]");
const PAUSE = 250;
const WAYS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

if (form) {
    const home = document.getElementById("matrix");
    const voice = form.querySelector("[data-voice]");
    const tools = form.querySelector("[data-history]");
    const [undoButton, redoButton] = ["[data-undo]", "[data-redo]"].map((name) => tools.querySelector(name));
    const grid = new Grid(home);
    const history = new History(read(home));
    const isGuarded = form.querySelector(".errornote") !== null || home.querySelector(".matrix-cell.changed") !== null;

    const change = (edit) => {
        if (history.change(edit)) {
            show();
        }
    };
    const undo = () => {
        if (history.undo()) {
            show();
            voice.textContent = undoButton.textContent;
        }
    };
    const redo = () => {
        if (history.redo()) {
            show();
            voice.textContent = redoButton.textContent;
        }
    };
    const show = () => {
        for (const box of boxesIn(home)) {
            box.checked = history.state.on.has(box.value);
            box.closest("[data-cell]").classList.toggle("on", box.checked);
        }
        hold(home, history.state);
        paintTools();
        describe();
        ask();
    };
    const paintTools = () => {
        undoButton.disabled = history.past.length === 0;
        redoButton.disabled = history.future.length === 0;
    };

    // What would follow

    let timer = 0;
    let running = null;
    const hush = () => {
        clearTimeout(timer);
        running?.abort();
    };
    const ask = () => {
        hush();
        timer = setTimeout(look, PAUSE);
        home.setAttribute("aria-busy", "true");
    };
    const look = () => answerTo({}, (html) => put(html));
    // `putAnswer` gets what the server says of the form as it stands, with the buttons that are pressed.
    const answerTo = async (buttons, putAnswer) => {
        running = new AbortController();
        const body = new FormData(form);
        for (const [name, value] of Object.entries({ _look: "1", ...buttons })) {
            body.append(name, value);
        }
        try {
            const answer = await fetch(form.action, { method: "POST", body, signal: running.signal, redirect: "error" });
            if (!answer.ok) {
                throw new Error(String(answer.status));
            }
            const html = await answer.text();
            home.setAttribute("aria-busy", "false");
            putAnswer(html);
        } catch (error) {
            if (error.name !== "AbortError") {
                home.setAttribute("aria-busy", "false"); // the state stays, and saving shows it once more
                voice.textContent = form.dataset.failed ?? "";
            }
        }
    };
    // `isAnew`: it says what there is, not only what would follow.
    const put = (html, isAnew = false) => {
        const fresh = document.createElement("div");
        fresh.innerHTML = html;
        if (!isAnew && hasSameCells(home, fresh)) {
            patch(home, fresh);
        } else {
            replace(fresh);
        }
        voice.textContent = home.querySelector("[data-summary]")?.textContent.replace(/\s+/g, " ").trim() ?? "";
        describe();
    };
    const replace = (fresh) => {
        const place = grid.here ? grid.here.dataset.cell : "";
        const isInGrid = grid.table?.contains(document.activeElement);
        home.replaceChildren(...fresh.childNodes);
        grid.prepare();
        history.state = read(home);
        const again = (place ? boxOf(home, place) : null) ?? (isInGrid ? boxesIn(home)[0] : null);
        if (again) {
            again.focus();
        }
    };

    // Deeds

    const toggle = (cells, wanted) => {
        change((next) => {
            for (const cell of cells) {
                const box = cell.querySelector("input[name=on]");
                if (!isLocked(box)) {
                    next.on[wanted ? "add" : "delete"](box.value);
                }
            }
        });
    };
    // On where anything of it is off, else off.
    const toggleAll = (cells) => {
        const free = cells.filter((cell) => !isLocked(cell.querySelector("input[name=on]")));
        toggle(free, free.some((cell) => !history.state.on.has(cell.dataset.cell)));
    };
    const reset = (row) => {
        change((next) => {
            for (const cell of row.querySelectorAll("[data-cell]")) {
                if (!isLocked(cell.querySelector("input[name=on]"))) {
                    next.on[cell.dataset.playbook ? "add" : "delete"](cell.dataset.cell);
                }
                next.owners.delete(cell.dataset.cell);
            }
        });
    };
    // A moment that is not saved yet is forgotten; one that is falls when all of this is saved.
    const remove = (key) => {
        change((next) => {
            const isOther = (value) => new URLSearchParams(value).get("key") !== key;
            if (!next.own.every(isOther)) {
                next.own = next.own.filter(isOther);
            } else {
                next.removed.push(key);
            }
            next.edited = next.edited.filter(isOther);
            next.moments = next.moments.filter((moment) => moment !== key);
            next.on = new Set([...next.on].filter((name) => !name.startsWith(`${key}.`)));
        });
    };
    const press = (button) => {
        const cell = button.closest("th, td");
        if (button.matches("[data-reset]")) {
            reset(cell.parentElement);
        } else if (button.matches("[data-remove]")) {
            remove(button.value);
        } else if (button.matches("[data-edit]")) {
            moments.edit(button.value);
        } else if (cell.dataset.column !== undefined) {
            toggleAll([...grid.table.tBodies[0].rows].map((row) => row.cells[cell.cellIndex]));
        } else {
            toggleAll([...cell.parentElement.querySelectorAll("[data-cell]")]);
        }
    };

    // The details of the cell that has the focus

    const describe = () => {
        const detail = home.querySelector("[data-detail]");
        const here = grid.here;
        if (!detail || !here || !home.contains(here)) {
            return;
        }
        const cells = grid.chosen(here);
        detail.querySelector("[data-detail-name]").textContent =
            here.dataset.label + (cells.length > 1 ? ` (+${cells.length - 1})` : "");
        const facts = here.querySelector(".matrix-info").cloneNode(true);
        facts.removeAttribute("id");
        detail.querySelector("[data-detail-facts]").replaceChildren(...facts.childNodes);
        detail.querySelector("#detail-cell").value = here.dataset.cell;
        detail.querySelector("#detail-owner").value = history.state.owners.get(here.dataset.cell) ?? "";
        const otherwise = detail.querySelector("[data-otherwise]");
        otherwise.dataset.words ??= otherwise.textContent;
        otherwise.textContent =
            otherwise.dataset.words + (here.dataset.otherwise ? `: ${here.dataset.otherwise}` : "");
    };

    home.addEventListener("focusin", (event) => {
        const stop = grid.stopAt(event.target);
        if (!stop) {
            return;
        }
        grid.makeTheStop(stop);
        const cell = stop.closest("[data-cell]");
        if (cell) {
            grid.here = cell;
            describe();
        }
    });

    // Keys and mouse

    home.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && event.target.closest("[data-detail]") && grid.here) {
            grid.here.querySelector("input[name=on]").focus();
            return;
        }
        const stop = grid.stopAt(event.target);
        if (!stop || event.altKey) {
            return;
        }
        let target = null;
        if (WAYS[event.key] && !event.ctrlKey && !event.metaKey) {
            target = grid.next(stop, ...WAYS[event.key]);
        } else if (event.key === "Home" || event.key === "End") {
            target = grid.edge(stop, event.key === "End", event.ctrlKey);
        } else if (event.key === " " && stop.matches("input")) {
            toggle(grid.chosen(stop.closest("[data-cell]")), !stop.checked);
        } else if (event.key === "Enter" && stop.matches("input")) {
            home.querySelector("#detail-owner").focus();
        } else if (event.key === "Escape") {
            grid.clear();
            describe();
        } else {
            return;
        }
        event.preventDefault();
        if (!target) {
            return;
        }
        const cell = target.closest("[data-cell]");
        if (event.shiftKey && cell && stop.matches("input")) {
            grid.stretch(cell);
        } else if (!event.shiftKey) {
            grid.clear();
        }
        grid.go(target);
    });

    home.addEventListener("mousedown", (event) => {
        if (event.shiftKey && event.target.closest("[data-cell]")) {
            event.preventDefault(); // no text is selected
        }
    });
    home.addEventListener("click", (event) => {
        const cell = event.target.closest("[data-cell]");
        const button = event.target.closest("[data-grid] button");
        if (button) {
            event.preventDefault();
            press(button);
        } else if (cell && event.shiftKey) {
            event.preventDefault();
            grid.stretch(cell);
            grid.go(cell.querySelector("input[name=on]"));
        } else if (cell && event.target.matches("input[name=on]")) {
            const wanted = event.target.checked;
            if (isLocked(event.target)) {
                event.preventDefault();
                voice.textContent = cell.querySelector(".matrix-info").textContent.replace(/\s+/g, " ").trim();
                return;
            }
            const cells = grid.chosen(cell);
            if (cells.length === 1) {
                grid.clear(cell);
            }
            toggle(cells, wanted);
        }
    });
    home.addEventListener("change", (event) => {
        if (event.target.id === "detail-owner" && grid.here) {
            const person = event.target.value;
            change((next) => {
                for (const cell of grid.chosen(grid.here)) {
                    if (person) {
                        next.owners.set(cell.dataset.cell, person);
                    } else {
                        next.owners.delete(cell.dataset.cell);
                    }
                }
            });
        }
    });

    tools.hidden = false;
    undoButton.addEventListener("click", undo);
    redoButton.addEventListener("click", redo);
    document.addEventListener("keydown", (event) => {
        const isTyping = event.target.matches("textarea, input:not([type=checkbox])");
        if (!(event.ctrlKey || event.metaKey) || event.altKey || isTyping) {
            return;
        }
        const key = event.key.toLowerCase();
        if (key === "z" || key === "y") {
            event.preventDefault();
            (key === "y" || event.shiftKey ? redo : undo)();
        }
    });

    // Further columns and moments

    form.querySelector("[data-add]").addEventListener("click", (event) => {
        event.preventDefault();
        const channel = form.querySelector("#add-channel").selectedOptions[0];
        const isPlace = channel && "place" in channel.dataset;
        const column = `${isPlace ? "" : form.querySelector("#add-segment").value}.${channel?.value ?? ""}`;
        form.querySelector("[data-further]").open = false;
        change((next) => {
            if (channel && !next.columns.includes(column)) {
                next.columns.push(column);
            }
        });
    });
    const adder = form.querySelector("[data-moment]");
    const moments =
        adder &&
        offerMoments(adder, {
            ask: (buttons, putAnswer) => {
                const isDue = home.getAttribute("aria-busy") === "true";
                hush();
                answerTo(buttons, (html) => {
                    putAnswer(html);
                    if (isDue && !html.includes("data-held")) {
                        ask(); // what was just switched is still to be shown
                    }
                });
            },
            taken: (html, edited) => {
                const known = new Set(history.state.moments);
                history.remember();
                put(html, true);
                paintTools();
                const key = edited || history.state.moments.find((moment) => !known.has(moment)) || "";
                const row = home.querySelector(`[data-row="${CSS.escape(key)}"]`);
                const stop = row?.querySelector(edited ? "[data-edit]" : "input[name=on]");
                if (stop) {
                    grid.go(stop);
                }
            },
        });
    for (const pop of form.querySelectorAll(".matrix-add")) {
        pop.addEventListener("keydown", (event) => {
            if (event.key === "Escape") {
                pop.open = false;
                pop.querySelector("summary").focus();
            }
        });
    }

    // Unsaved edits are guarded.
    let isSending = false;
    form.addEventListener("submit", () => {
        isSending = true;
    });
    window.addEventListener("beforeunload", (event) => {
        if (!isSending && (isGuarded || history.differs)) {
            event.preventDefault();
        }
    });

    grid.prepare();
    describe();
    if (boxesIn(home).some((box) => box.checked !== box.defaultChecked)) {
        ask(); // switched before this was loaded
    }
}
