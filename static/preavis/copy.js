// Copies what stands in the element named by data-copy. Without this file the text can still be selected by hand.
for (const button of document.querySelectorAll("button[data-copy]")) {
    const text = document.getElementById(button.dataset.copy);
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
        try {
            await navigator.clipboard.writeText(text.textContent.trim());
            button.textContent = button.dataset.done;
            setTimeout(() => { button.textContent = label; }, 2000);
        } catch {
            // No permission, or no secure context: leave it selected, ready for the keyboard.
            getSelection().selectAllChildren(text);
        }
    });
}
