// The form for a moment that the playbook lacks, added or edited: the server says what it would be, or what is wrong about it.

// `ask` hands over the server's answer to the buttons that are named; `taken` puts it in place where it is a matrix.
export const offerMoments = (adder, { ask, taken }) => {
    const fields = adder.querySelector("[data-moment-fields]");
    const blank = adder.querySelector("[data-moment-blank]").innerHTML;

    const show = (html) => {
        fields.innerHTML = html;
        (fields.querySelector("[aria-invalid=true]") ?? fields.querySelector("input:not([type=hidden])"))?.focus();
    };
    const take = (html) => {
        if (!html.includes("data-held")) {
            show(html); // with what is wrong
            return;
        }
        const key = fields.querySelector("[type=hidden]").value;
        adder.open = false;
        taken(html, key);
    };

    adder.addEventListener("click", (event) => {
        if (event.target.closest("[data-add-moment]")) {
            event.preventDefault();
            ask({ _add_moment: "1" }, take);
        }
    });
    adder.addEventListener("toggle", () => {
        if (adder.open) {
            fields.querySelector("input:not([type=hidden])").focus();
        } else {
            fields.innerHTML = blank; // the next one is a new one
        }
    });
    return {
        edit: (key) => {
            ask({ _edit: key }, (html) => {
                if (!html.includes("data-held")) {
                    adder.open = true;
                    show(html);
                }
            });
        },
    };
};
