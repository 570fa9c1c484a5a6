// The form for a moment that the playbook lacks: the server says what it would be, or what is wrong about it.

// `ask` hands over the server's answer; `added` puts it in place where it is a matrix.
export const offerMoments = (adder, { ask, added }) => {
    const fields = adder.querySelector("[data-moment-fields]");

    const put = (html) => {
        if (!html.includes("data-held")) {
            fields.innerHTML = html; // with what is wrong
            fields.querySelector("[aria-invalid=true]")?.focus();
            return;
        }
        adder.open = false;
        for (const field of fields.querySelectorAll("input")) {
            field.value = "";
        }
        for (const problem of fields.querySelectorAll(".errorlist")) {
            problem.remove();
        }
        added(html);
    };

    adder.querySelector("[data-add-moment]").addEventListener("click", (event) => {
        event.preventDefault();
        ask(put);
    });
    adder.addEventListener("toggle", () => {
        if (adder.open) {
            fields.querySelector("input").focus();
        }
    });
};
