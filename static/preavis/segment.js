// The rule of a segment: conditions come and go without a round trip, values are offered while they are typed, and who belongs
// to it is shown beside. Names carry their place: rule-<group>-<line>-field. The server renders and decides.
const builder = document.querySelector("[data-rule]");
const PAUSE = 350;

if (builder) {
    const form = builder.closest("form");
    const now = builder.querySelector("[data-now]");
    const groups = builder.querySelector("[data-groups]");
    const name = builder.dataset.rule;
    const withoutValue = builder.dataset.withoutValue.split(" ");
    const aboutKind = ["colleague", "customer"];

    // Who belongs to it

    const voice = document.createElement("p");
    voice.className = "visually-hidden";
    voice.setAttribute("role", "status");
    builder.after(voice);
    let timer = 0;
    let running = null;

    const look = async () => {
        running?.abort();
        running = new AbortController();
        now.setAttribute("aria-busy", "true");
        try {
            const answer = await fetch(builder.dataset.preview, {
                method: "POST",
                body: new FormData(form),
                signal: running.signal,
                redirect: "error",
            });
            if (answer.ok) {
                now.innerHTML = await answer.text();
                voice.textContent = now.querySelector("[data-say]")?.textContent.trim() ?? "";
                const json = now.querySelector("template[data-json]");
                if (json && !advanced.checked) {
                    text.value = json.content.textContent;
                }
            }
            now.setAttribute("aria-busy", "false");
        } catch (error) {
            if (error.name !== "AbortError") {
                now.setAttribute("aria-busy", "false"); // what is shown stays; saving works without it
            }
        }
    };
    const soon = () => {
        clearTimeout(timer);
        timer = setTimeout(look, PAUSE);
    };

    // What can be chosen

    const shape = (line) => {
        const [field, attribute, ask, value] = ["field", "attribute", "ask", "value"].map((kind) => line.querySelector(`[data-${kind}]`));
        const isKind = field.value === "is_internal";
        for (const option of ask.options) {
            option.hidden = option.disabled = aboutKind.includes(option.value) !== isKind;
        }
        if (ask.selectedOptions[0]?.disabled) {
            ask.value = isKind ? "colleague" : "is";
        }
        attribute.hidden = field.value !== "attribute";
        value.hidden = withoutValue.includes(ask.value);
    };

    const shapeAll = () => {
        const lines = [...groups.querySelectorAll("[data-line]")];
        lines.forEach(shape);
        lines.forEach((line, place) => line.setAttribute("aria-label", String(place + 1)));
        const many = groups.querySelectorAll("[data-group]").length > 1;
        groups.querySelector("[data-join]").hidden = !many;
        groups.hidden = everybody.checked;
        groups.classList.toggle("set-aside", advanced.checked);
    };

    const offer = async (input) => {
        const line = input.closest("[data-line]");
        const field = line.querySelector("[data-field]").value;
        const asked = field === "attribute" ? `attributes.${line.querySelector("[data-attribute]").value}` : field;
        const typed = input.value.split(";").at(-1).trim();
        const before = input.value.slice(0, input.value.length - typed.length);
        try {
            const answer = await fetch(`${builder.dataset.values}?${new URLSearchParams({ field: asked, q: typed })}`);
            const { values } = answer.ok ? await answer.json() : { values: [] };
            const list = listOf(input);
            list.replaceChildren(...values.map((value) => Object.assign(document.createElement("option"), { value: before + value })));
        } catch {
            // nothing is offered; anything can be typed
        }
    };

    const listOf = (input) => {
        const id = `${input.name}-known`;
        let list = document.getElementById(id);
        if (!list) {
            list = Object.assign(document.createElement("datalist"), { id });
            input.after(list);
            input.setAttribute("list", id);
        }
        return list;
    };

    // Conditions that come and go

    const last = (nodes, place) => Math.max(-1, ...[...nodes].map((node) => Number(node.dataset[place])));
    const template = builder.querySelector("[data-group-template]");

    const placed = (node, group, line) => {
        const renamed = (text) => text.replaceAll(`${name}-G-`, `${name}-${group}-`);
        for (const one of [node, ...node.querySelectorAll("*")]) {
            for (const key of ["name", "id", "for"]) {
                if (one.getAttribute(key)) {
                    const text = renamed(one.getAttribute(key));
                    one.setAttribute(key, line === undefined ? text : text.replace(/-\d+-(?=(field|attribute|ask|value)$)/, `-${line}-`));
                }
            }
            if (one.value === "G") {
                one.value = group;
            }
        }
        if (line !== undefined) {
            node.dataset.line = line;
        } else {
            node.dataset.group = group;
        }
        return node;
    };

    const addLine = (group) => {
        const blank = template.content.querySelector("[data-line]").cloneNode(true);
        const line = last(group.querySelectorAll("[data-line]"), "line") + 1;
        group.querySelector(".rule-lines").append(placed(blank, group.dataset.group, line));
        return blank;
    };

    const addGroup = () => {
        const blank = template.content.querySelector("[data-group]").cloneNode(true);
        const group = last(groups.querySelectorAll("[data-group]"), "group") + 1;
        const lines = [...groups.querySelectorAll("[data-group]")];
        (lines.at(-1) ?? groups.querySelector("[data-join]")).after(placed(blank, group));
        return blank.querySelector("[data-line]");
    };

    const remove = (line) => {
        const group = line.closest("[data-group]");
        const next = line.nextElementSibling ?? line.previousElementSibling;
        line.remove();
        if (!group.querySelector("[data-line]") && groups.querySelectorAll("[data-group]").length > 1) {
            group.remove();
        }
        (next?.querySelector("[data-remove]") ?? groups.querySelector("[data-add-line]")).focus();
    };

    const everybody = builder.querySelector(`[name="${name}-who"][value="everybody"]`);
    const advanced = builder.querySelector("[data-advanced]");
    const text = builder.querySelector(`textarea[name="${name}"]`);

    builder.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (!button) {
            return;
        }
        event.preventDefault();
        if (button.matches("[data-add-line]")) {
            addLine(button.closest("[data-group]")).querySelector("[data-field]").focus();
        } else if (button.matches("[data-add-group]")) {
            addGroup().querySelector("[data-field]").focus();
        } else if (button.matches("[data-remove]")) {
            remove(button.closest("[data-line]"));
        }
        shapeAll();
        form.dispatchEvent(new Event("input", { bubbles: true })); // the guard of unsaved edits hears of it
        soon();
    });
    builder.addEventListener("input", (event) => {
        shapeAll();
        soon();
        if (event.target.matches("[data-value]")) {
            offer(event.target);
        }
    });
    builder.addEventListener("focusin", (event) => {
        if (event.target.matches("[data-value]") && !event.target.getAttribute("list")) {
            offer(event.target);
        }
    });
    // Enter in a value is no press of the first button.
    builder.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && event.target.matches("input[type=text]")) {
            event.preventDefault();
        }
    });
    builder.querySelector(".no-script").hidden = true;
    shapeAll();
}
