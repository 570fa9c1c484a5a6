// What a matrix says: which cells are on, whose they are, and which columns and moments there are; with what it said before.

export const boxesIn = (home) => [...home.querySelectorAll("[data-cell] input[name=on]")];
export const boxOf = (home, name) => home.querySelector(`[data-cell="${CSS.escape(name)}"] input[name=on]`);
export const isLocked = (box) => box.getAttribute("aria-disabled") === "true";

const held = (home, name) => [...home.querySelectorAll(`[data-held] input[name=${name}]`)].map((input) => input.value);

export const read = (home) => ({
    on: new Set(
        boxesIn(home)
            .filter((box) => box.checked)
            .map((box) => box.value),
    ),
    owners: new Map(held(home, "owner").map((value) => value.split("="))),
    columns: held(home, "column"),
    moments: held(home, "moment"),
    own: held(home, "own"), // moments that are not saved yet
    edited: held(home, "edited"), // saved ones that are to be others
    removed: held(home, "removed"),
});

// The hidden fields say the same as the state, so that the form can be sent as it is.
export const hold = (home, state) => {
    const input = (name) => (value) => Object.assign(document.createElement("input"), { type: "hidden", name, value });
    home.querySelector("[data-held]").replaceChildren(
        ...state.moments.map(input("moment")),
        ...state.columns.map(input("column")),
        ...[...state.owners].map(([cell, person]) => `${cell}=${person}`).map(input("owner")),
        ...state.own.map(input("own")),
        ...state.edited.map(input("edited")),
        ...state.removed.map(input("removed")),
        ...[...state.on].filter((name) => !boxOf(home, name)).map(input("on")), // of a moment that comes back
    );
};

const copy = (of) => ({
    on: new Set(of.on),
    owners: new Map(of.owners),
    columns: [...of.columns],
    moments: [...of.moments],
    own: [...of.own],
    edited: [...of.edited],
    removed: [...of.removed],
});
// Equal for states that say the same.
const mark = (of) =>
    JSON.stringify([
        ...[[...of.on].sort(), [...of.owners].sort(), of.columns, [...of.moments].sort()],
        ...[of.own, of.edited, of.removed],
    ]);

export class History {
    constructor(state) {
        this.state = state;
        this.saved = mark(state);
        this.past = [];
        this.future = [];
    }

    get differs() {
        return mark(this.state) !== this.saved;
    }

    // Says whether `edit` changed anything.
    change(edit) {
        const next = copy(this.state);
        edit(next);
        if (mark(next) === mark(this.state)) {
            return false;
        }
        this.remember();
        this.state = next;
        return true;
    }

    // What comes next can be undone.
    remember() {
        this.past.push(this.state);
        this.future = [];
    }

    undo() {
        return this.#step(this.past, this.future);
    }

    redo() {
        return this.#step(this.future, this.past);
    }

    #step(from, to) {
        if (from.length === 0) {
            return false;
        }
        to.push(this.state);
        this.state = from.pop();
        return true;
    }
}
