// Pages on which letters are written: what is typed is shown, colours can be picked, variables go where the caret is.

const PAUSE = 600; // after the last key

// A frame that is filled anew for each look, so that looking leaves nothing to go back through.
const freshFrame = (name) => {
    const frame = document.querySelector(`iframe[name="${name}"]`);
    const fresh = frame.cloneNode(false);
    fresh.removeAttribute("src");
    frame.replaceWith(fresh);
};

const looks = (form) => {
    const buttons = [...form.querySelectorAll("button[formtarget]")];
    let pressed = buttons[0];
    let timer = null;

    const mark = () => {
        for (const button of buttons) button.setAttribute("aria-pressed", String(button === pressed));
    };

    form.addEventListener("submit", (event) => {
        if (!buttons.includes(event.submitter)) return;
        clearTimeout(timer);
        pressed = event.submitter;
        freshFrame(form.dataset.looks);
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

document.querySelectorAll("form[data-looks]").forEach(looks);
document.querySelectorAll("input.colour").forEach(pickable);
