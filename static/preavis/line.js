// A finding that leads to a text names the line in the address: it is selected, so that nobody has to count.
const line = Number(new URLSearchParams(location.search).get("line"));
const text = document.getElementById("id_body");

if (text instanceof HTMLTextAreaElement && Number.isInteger(line) && line > 0) {
    const lines = text.value.split("\n");
    if (line <= lines.length) {
        const start = lines.slice(0, line - 1).reduce((sum, before) => sum + before.length + 1, 0);
        text.focus({ preventScroll: true });
        text.setSelectionRange(start, start + lines[line - 1].length);
        text.scrollTop = (text.scrollHeight / lines.length) * Math.max(0, line - 4);
        text.scrollIntoView({ block: "center" });
    }
}
