// Names each cell of a list after its column, so that small screens can show rows as cards.
const heads = [...document.querySelectorAll("#result_list thead th")].map((head) =>
    (head.querySelector(".text") ?? head).textContent.trim(), // not the number of a column that is sorted by
);

for (const row of document.querySelectorAll("#result_list tbody tr")) {
    [...row.children].forEach((cell, place) => {
        if (cell.tagName === "TD" && heads[place] && !cell.classList.contains("action-checkbox")) {
            cell.dataset.label = heads[place];
        }
    });
}
