// The matrix of a plan by mouse and keyboard. The form works without it: this toggles, asks the server what would follow
// and puts the answer in place. What is switched on, whose it is and which columns and moments there are is one state, which
// undo keeps.
const form = document.querySelector("form[data-matrix-form]");
const PAUSE = 250;

if (form) {
    const home = document.getElementById("matrix");
    const voice = form.querySelector("[data-voice]");
    const history = form.querySelector("[data-history]");
    const grid = () => home.querySelector("[data-grid]");
    const boxes = () => [...home.querySelectorAll("[data-cell] input[name=on]")];
    const boxOf = (name) => home.querySelector(`[data-cell="${CSS.escape(name)}"] input[name=on]`);
    const held = (name) => [...home.querySelectorAll(`[data-held] input[name=${name}]`)].map((input) => input.value);
    const isLocked = (box) => box.getAttribute("aria-disabled") === "true";

    // State

    const read = () => ({
        on: new Set(boxes().filter((box) => box.checked).map((box) => box.value)),
        owners: new Map(held("owner").map((value) => value.split("="))),
        columns: held("column"),
        moments: held("moment"),
        own: held("own"), // moments that are not saved yet
        removed: held("removed"),
    });
    const copy = (of) => ({
        on: new Set(of.on),
        owners: new Map(of.owners),
        columns: [...of.columns],
        moments: [...of.moments],
        own: [...of.own],
        removed: [...of.removed],
    });
    const mark = (of) =>
        JSON.stringify([[...of.on].sort(), [...of.owners].sort(), of.columns, [...of.moments].sort(), of.own, of.removed]);
    let state = read();
    const saved = mark(state);
    let isGuarded = form.querySelector(".errornote") !== null || home.querySelector(".matrix-cell.changed") !== null;
    const past = [];
    let future = [];

    const change = (edit) => {
        const next = copy(state);
        edit(next);
        if (mark(next) === mark(state)) {
            return;
        }
        past.push(state);
        future = [];
        show(next);
    };
    const step = (from, to, word) => {
        const next = from.pop();
        if (next) {
            to.push(state);
            show(next);
            voice.textContent = word;
        }
    };
    const show = (next) => {
        state = next;
        for (const box of boxes()) {
            box.checked = state.on.has(box.value);
            box.closest("[data-cell]").classList.toggle("on", box.checked);
        }
        hold();
        paint();
        describe();
        ask();
    };
    const paint = () => {
        history.querySelector("[data-undo]").disabled = past.length === 0;
        history.querySelector("[data-redo]").disabled = future.length === 0;
    };
    // The hidden fields say the same as the state, so that the form can be sent as it is.
    const hold = () => {
        const place = home.querySelector("[data-held]");
        const input = (name) => (value) =>
            Object.assign(document.createElement("input"), { type: "hidden", name, value });
        place.replaceChildren(
            ...state.moments.map(input("moment")),
            ...state.columns.map(input("column")),
            ...[...state.owners].map(([cell, person]) => `${cell}=${person}`).map(input("owner")),
            ...state.own.map(input("own")),
            ...state.removed.map(input("removed")),
            ...[...state.on].filter((name) => !boxOf(name)).map(input("on")), // of a moment that comes back
        );
    };

    // What would follow

    let timer = 0;
    let running = null;
    const ask = () => {
        clearTimeout(timer);
        running?.abort();
        timer = setTimeout(look, PAUSE);
        home.setAttribute("aria-busy", "true");
    };
    const look = async () => {
        running = new AbortController();
        const body = new FormData(form);
        body.append("_look", "1");
        try {
            const answer = await fetch(form.action, { method: "POST", body, signal: running.signal, redirect: "error" });
            if (!answer.ok) {
                throw new Error(String(answer.status));
            }
            put(await answer.text());
            home.setAttribute("aria-busy", "false");
        } catch (error) {
            if (error.name !== "AbortError") {
                home.setAttribute("aria-busy", "false"); // the state stays, and saving shows it once more
                voice.textContent = form.dataset.failed ?? "";
            }
        }
    };
    const put = (html) => {
        const fresh = document.createElement("div");
        fresh.innerHTML = html;
        const shape = (root) => [...root.querySelectorAll("[data-cell]")].map((cell) => cell.dataset.cell).join();
        if (shape(fresh) === shape(home)) {
            patch(fresh);
        } else {
            replace(fresh);
        }
        voice.textContent = home.querySelector("[data-summary]")?.textContent.replace(/\s+/g, " ").trim() ?? "";
        describe();
    };
    // Cell by cell, so that neither the focus nor a screen reader loses its place.
    const patch = (fresh) => {
        for (const cell of fresh.querySelectorAll("[data-cell]")) {
            const old = home.querySelector(`[data-cell="${CSS.escape(cell.dataset.cell)}"]`);
            const isSelected = old.getAttribute("aria-selected") === "true";
            old.className = cell.className;
            select(old, isSelected);
            Object.assign(old.dataset, cell.dataset);
            const [box, newer] = [old, cell].map((one) => one.querySelector("input[name=on]"));
            box.checked = newer.checked;
            box.toggleAttribute("aria-disabled", isLocked(newer));
            if (isLocked(newer)) {
                box.setAttribute("aria-disabled", "true");
            }
        }
        for (const place of ["[data-facts]:not(.matrix-detail *)", "[data-summary]", "[data-save]", "[data-consequences]"]) {
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
    // Buttons stay the nodes they are, for they may have the focus.
    const adopt = (old, newer) => {
        if (old.localName !== "button") {
            return newer;
        }
        old.replaceChildren(...newer.childNodes);
        return old;
    };
    const replace = (fresh) => {
        const place = here ? here.dataset.cell : "";
        const isInGrid = grid()?.contains(document.activeElement);
        home.replaceChildren(...fresh.childNodes);
        prepare();
        state = read();
        const again = (place ? boxOf(place) : null) ?? (isInGrid ? boxes()[0] : null);
        if (again) {
            again.focus();
        }
    };

    // The grid: one stop for the Tab key, arrows from there on

    let here = null; // the cell that has, or last had, the focus
    let anchor = null; // where a selection began
    const stopOf = (cell) => cell.querySelector("button:not([hidden]), input[name=on]");
    const lines = () => [...grid().rows].map((row) => [...row.cells].map(stopOf));
    const placeOf = (stop) => {
        const cell = stop.closest("th, td");
        return [cell.parentElement.rowIndex, cell.cellIndex];
    };
    const prepare = () => {
        for (const head of home.querySelectorAll("[data-head]")) {
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
        if (!grid()) {
            return;
        }
        const stops = [...grid().querySelectorAll("button, input[name=on]")];
        for (const stop of stops) {
            stop.tabIndex = -1;
        }
        const first = boxes()[0];
        if (first) {
            first.tabIndex = 0;
            here = first.closest("[data-cell]");
        }
    };
    const go = (stop) => {
        for (const other of grid().querySelectorAll("[tabindex='0']")) {
            other.tabIndex = -1;
        }
        stop.tabIndex = 0;
        stop.focus();
        stop.closest("th, td").scrollIntoView({ block: "nearest", inline: "nearest" });
    };
    const next = (row, column, down, right) => {
        const all = lines();
        do {
            row += down;
            column += right;
        } while (all[row] && column >= 0 && column < all[row].length && !all[row][column]);
        return all[row]?.[column];
    };
    const edge = (row, isEnd, isTable) => {
        const all = lines();
        const line = (isTable ? (isEnd ? all.at(-1) : all.find((one) => one.some(Boolean))) : all[row]).filter(Boolean);
        return isEnd ? line.at(-1) : line[0];
    };

    const select = (cell, isSelected) => {
        cell.setAttribute("aria-selected", String(isSelected));
        cell.classList.toggle("selected", isSelected);
    };
    const clear = () => home.querySelectorAll(".selected").forEach((cell) => select(cell, false));
    const stretch = (to) => {
        const from = anchor && home.contains(anchor) ? anchor : here;
        anchor = from;
        const [[top, left], [bottom, right]] = [from, to].map((cell) => [cell.parentElement.rowIndex, cell.cellIndex]);
        const within = (number, one, other) => number >= Math.min(one, other) && number <= Math.max(one, other);
        for (const cell of home.querySelectorAll("[data-cell]")) {
            select(cell, within(cell.parentElement.rowIndex, top, bottom) && within(cell.cellIndex, left, right));
        }
    };
    const chosen = (cell) => {
        const several = [...home.querySelectorAll("[data-cell].selected")];
        return several.includes(cell) ? several : [cell];
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
        toggle(free, free.some((cell) => !state.on.has(cell.dataset.cell)));
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
            const isNew = (value) => new URLSearchParams(value).get("key") === key;
            if (next.own.some(isNew)) {
                next.own = next.own.filter((value) => !isNew(value));
            } else {
                next.removed.push(key);
            }
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
        } else if (cell.dataset.column !== undefined) {
            toggleAll([...grid().tBodies[0].rows].map((row) => row.cells[cell.cellIndex]));
        } else {
            toggleAll([...cell.parentElement.querySelectorAll("[data-cell]")]);
        }
    };

    // The details of the cell that has the focus

    const describe = () => {
        const detail = home.querySelector("[data-detail]");
        if (!detail || !here || !home.contains(here)) {
            return;
        }
        const cells = chosen(here);
        detail.querySelector("[data-detail-name]").textContent =
            here.dataset.label + (cells.length > 1 ? ` (+${cells.length - 1})` : "");
        const facts = here.querySelector(".matrix-info").cloneNode(true);
        facts.removeAttribute("id");
        detail.querySelector("[data-detail-facts]").replaceChildren(...facts.childNodes);
        detail.querySelector("#detail-cell").value = here.dataset.cell;
        detail.querySelector("#detail-owner").value = state.owners.get(here.dataset.cell) ?? "";
        const otherwise = detail.querySelector("[data-otherwise]");
        otherwise.dataset.words ??= otherwise.textContent;
        otherwise.textContent =
            otherwise.dataset.words + (here.dataset.otherwise ? `: ${here.dataset.otherwise}` : "");
    };

    home.addEventListener("focusin", (event) => {
        const stop = event.target.closest("[data-grid] button, [data-grid] input[name=on]");
        if (!stop) {
            return;
        }
        for (const other of grid().querySelectorAll("[tabindex='0']")) {
            other.tabIndex = -1;
        }
        stop.tabIndex = 0;
        const cell = stop.closest("[data-cell]");
        if (cell) {
            here = cell;
            describe();
        }
    });

    home.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && event.target.closest("[data-detail]") && here) {
            here.querySelector("input[name=on]").focus();
            return;
        }
        const stop = event.target.closest("[data-grid] button, [data-grid] input[name=on]");
        if (!stop || event.altKey) {
            return;
        }
        const [row, column] = placeOf(stop);
        const ways = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
        let target = null;
        if (ways[event.key] && !event.ctrlKey && !event.metaKey) {
            target = next(row, column, ...ways[event.key]);
        } else if (event.key === "Home" || event.key === "End") {
            target = edge(row, event.key === "End", event.ctrlKey);
        } else if (event.key === " " && stop.matches("input")) {
            const cell = stop.closest("[data-cell]");
            toggle(chosen(cell), !stop.checked);
        } else if (event.key === "Enter" && stop.matches("input")) {
            home.querySelector("#detail-owner").focus();
        } else if (event.key === "Escape") {
            clear();
            anchor = null;
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
            stretch(cell);
        } else if (!event.shiftKey) {
            clear();
            anchor = null;
        }
        go(target);
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
            stretch(cell);
            go(cell.querySelector("input[name=on]"));
        } else if (cell && event.target.matches("input[name=on]")) {
            const wanted = event.target.checked;
            if (isLocked(event.target)) {
                event.preventDefault();
                voice.textContent = cell.querySelector(".matrix-info").textContent.replace(/\s+/g, " ").trim();
                return;
            }
            const cells = chosen(cell);
            if (cells.length === 1) {
                clear();
                anchor = cell;
            }
            toggle(cells, wanted);
        }
    });
    home.addEventListener("change", (event) => {
        if (event.target.id === "detail-owner" && here) {
            const person = event.target.value;
            change((next) => {
                for (const cell of chosen(here)) {
                    if (person) {
                        next.owners.set(cell.dataset.cell, person);
                    } else {
                        next.owners.delete(cell.dataset.cell);
                    }
                }
            });
        }
    });

    const undo = () => step(past, future, history.querySelector("[data-undo]").textContent);
    const redo = () => step(future, past, history.querySelector("[data-redo]").textContent);
    history.hidden = false;
    history.querySelector("[data-undo]").addEventListener("click", undo);
    history.querySelector("[data-redo]").addEventListener("click", redo);
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

    // A moment that the playbook lacks: the server says what it would be, or what is wrong about it

    const adder = form.querySelector("[data-moment]");
    const addMoment = async () => {
        clearTimeout(timer);
        running?.abort();
        const body = new FormData(form);
        body.append("_look", "1");
        body.append("_add_moment", "1");
        try {
            const answer = await fetch(form.action, { method: "POST", body, redirect: "error" });
            if (!answer.ok) {
                throw new Error(String(answer.status));
            }
            const html = await answer.text();
            if (html.includes("data-held")) {
                putMoment(html);
            } else {
                adder.querySelector("[data-moment-fields]").innerHTML = html; // with what is wrong
                adder.querySelector("[aria-invalid=true]")?.focus();
                home.setAttribute("aria-busy", "false");
            }
        } catch {
            voice.textContent = form.dataset.failed ?? "";
        }
    };
    const putMoment = (html) => {
        const known = new Set(state.moments);
        past.push(state);
        future = [];
        put(html);
        paint();
        home.setAttribute("aria-busy", "false");
        adder.open = false;
        for (const field of adder.querySelectorAll("input")) {
            field.value = "";
        }
        for (const problem of adder.querySelectorAll(".errorlist")) {
            problem.remove();
        }
        const added = state.moments.find((moment) => !known.has(moment));
        const first = home.querySelector(`[data-row="${CSS.escape(added ?? "")}"] input[name=on]`);
        if (first) {
            go(first);
        }
    };
    if (adder) {
        adder.querySelector("[data-add-moment]").addEventListener("click", (event) => {
            event.preventDefault();
            addMoment();
        });
        adder.addEventListener("toggle", () => {
            if (adder.open) {
                adder.querySelector("input").focus();
            }
        });
    }
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
        if (!isSending && (isGuarded || mark(state) !== saved)) {
            event.preventDefault();
        }
    });

    prepare();
    describe();
}
