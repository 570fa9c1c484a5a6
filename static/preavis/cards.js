// Names each cell of a list after its column, so that small screens can show rows as cards.
const heads = [...document.querySelectorAll("#result_list thead th")].map((head) => head.textContent.trim());

for (const row of document.querySelectorAll("#result_list tbody tr")) {
    [...row.children].forEach((cell, place) => {
        if (cell.tagName === "TD" && heads[place] && !cell.classList.contains("action-checkbox")) {
            cell.dataset.label = heads[place];
        }
    });
}
