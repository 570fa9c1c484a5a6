// Pages on which letters are written: what is typed is shown, colours can be picked, variables go where the caret is.

const PAUSE = 600; // after the last key

// A frame that is filled anew for each look, so that looking leaves nothing to go back through.
const freshFrame = (name) => {
    const frame = document.querySelector(`iframe[name="${name}"]`);
    const fresh = frame.cloneNode(false);
    fresh.removeAttribute("src");
    frame.replaceWith(fresh);
};

const looks = (root) => {
    const form = root.closest("form");
    const buttons = [...root.querySelectorAll("button[formtarget]")];
    let pressed = buttons[0];
    let timer = null;

    const mark = () => {
        for (const button of buttons) button.setAttribute("aria-pressed", String(button === pressed));
    };

    form.addEventListener("submit", (event) => {
        if (!buttons.includes(event.submitter)) return;
        clearTimeout(timer);
        pressed = event.submitter;
        freshFrame(root.dataset.looks);
        if (buttons.length > 1) mark();
    });
    form.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(() => form.requestSubmit(pressed), PAUSE);
    });
    if (buttons.length > 1) mark();
};

// The browser's own picker beside each colour that is written out.
const pickable = (field) => {
    const picker = document.createElement("input");
    const pair = document.createElement("div");
    picker.type = "color";
    picker.value = field.value.toLowerCase();
    picker.disabled = field.matches(":disabled");
    picker.setAttribute("aria-label", document.querySelector(`label[for="${field.id}"]`).textContent.trim());
    pair.className = "colour-pair";
    field.before(pair);
    pair.append(picker, field);
    picker.addEventListener("input", () => {
        field.value = picker.value;
    });
    field.addEventListener("input", () => {
        if (/^#[0-9a-f]{6}$/i.test(field.value)) picker.value = field.value.toLowerCase();
    });
};

// What is wrong stands at its line, as soon as somebody has stopped typing; a click on it goes there.
const checked = (root) => {
    const body = root.querySelector("textarea.source");
    const lines = document.createElement("div");
    const found = document.createElement("ul");
    const paper = document.createElement("div");
    let problems = [];
    let timer = null;
    let running = null;

    lines.className = "source-lines";
    lines.setAttribute("aria-hidden", "true");
    found.className = "source-problems";
    found.setAttribute("role", "status");
    paper.className = "source-paper";
    body.before(paper);
    paper.append(lines, body);
    paper.after(found);

    // The same text in the same type behind the field: so each line knows how high it is.
    const draw = () => {
        const bad = new Set(problems.filter((each) => each.part === "body").map((each) => each.line));
        lines.replaceChildren(
            ...body.value.split("\n").map((text, place) => {
                const line = document.createElement("div");
                line.textContent = text || "\u200b";
                line.classList.toggle("bad-line", bad.has(place + 1));
                return line;
            }),
        );
        body.style.height = `${Math.max(lines.scrollHeight, 320)}px`;
    };

    const goTo = (problem) => {
        const field = root.querySelector(`[name="${problem.part}"]`);
        field.focus();
        if (problem.line) {
            const before = field.value.split("\n").slice(0, problem.line - 1);
            const start = before.reduce((sum, line) => sum + line.length + 1, 0);
            field.setSelectionRange(start, start + field.value.split("\n")[problem.line - 1].length);
        }
    };

    const say = () => {
        found.replaceChildren(
            ...problems.map((problem) => {
                const item = document.createElement("li");
                const button = document.createElement("button");
                button.type = "button";
                button.textContent = problem.sentence;
                button.addEventListener("click", () => goTo(problem));
                item.append(button);
                return item;
            }),
        );
        draw();
    };

    const ask = async () => {
        running?.abort();
        running = new AbortController();
        try {
            const typed = new FormData(root.closest("form"));
            const answer = await fetch(root.dataset.check, { method: "POST", body: typed, signal: running.signal, redirect: "error" });
            if (answer.ok) {
                problems = (await answer.json()).problems;
                say();
            }
        } catch (error) {
            if (error.name !== "AbortError") console.warn(error); // saving checks it again
        }
    };

    root.addEventListener("input", () => {
        draw();
        clearTimeout(timer);
        timer = setTimeout(ask, PAUSE);
    });
    new ResizeObserver(draw).observe(paper);
    if (body.value) ask();
};

// Variables go where the caret was last, in the subject or in the text.
const insertable = (root) => {
    const fields = [...root.querySelectorAll("[name=subject], [name=body]")];
    let last = root.querySelector("[name=body]");
    for (const field of fields) field.addEventListener("focus", () => (last = field));

    const put = (text) => {
        last.focus();
        last.setRangeText(text, last.selectionStart, last.selectionEnd, "end");
        last.dispatchEvent(new Event("input", { bubbles: true }));
    };
    const button = (text, label) => {
        const made = document.createElement("button");
        made.type = "button";
        made.className = "insert";
        made.textContent = text;
        if (label) made.setAttribute("aria-label", label);
        return made;
    };

    for (const row of root.querySelectorAll("[data-variable]")) {
        const name = row.dataset.variable;
        const plain = `{{ ${name} }}`;
        const code = row.querySelector("code");
        const insert = button(plain);
        insert.addEventListener("click", () => put(plain));
        code.replaceWith(insert);
        if (row.dataset.optional) {
            const asks = button("if", row.dataset.optional);
            asks.addEventListener("click", () => put(`{% if ${name} %}${plain}{% endif %}`));
            row.append(" ", asks);
        }
    }
    for (const help of root.querySelectorAll("[data-insert-help]")) help.hidden = false;
};

document.querySelectorAll("[data-looks]").forEach(looks);
document.querySelectorAll("[data-editor]").forEach((root) => {
    if (!root.querySelector("textarea.source")) return; // only looked at
    checked(root);
    insertable(root);
    if (root.querySelector("textarea.source").value) root.closest("form").requestSubmit(root.querySelector("button[formtarget]"));
});
document.querySelectorAll("input.colour").forEach(pickable);
