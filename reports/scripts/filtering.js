// A table of verdicts shows those that are chosen; without this script it shows all.

function makeFilter(table) {
  const rows = [...table.tBodies[0].rows];
  const kindOf = (row) => row.querySelector("[data-kind]").dataset.kind;
  const kinds = [...new Set(rows.map(kindOf))];
  if (kinds.length < 2) return;
  const choice = document.createElement("fieldset");
  const legend = document.createElement("legend");
  legend.textContent = "Show";
  choice.className = "filter";
  choice.append(legend);
  const boxes = new Map();
  for (const kind of kinds) {
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = true;
    boxes.set(kind, box);
    const label = document.createElement("label");
    label.append(box, ` ${kind} (${rows.filter((row) => kindOf(row) === kind).length})`);
    choice.append(label);
  }
  choice.addEventListener("change", () => {
    for (const row of rows) row.hidden = !boxes.get(kindOf(row)).checked;
    say(`${rows.filter((row) => !row.hidden).length} of ${rows.length} shown`);
  });
  table.closest(".wide").before(choice);
}

for (const table of document.querySelectorAll("table.filtered")) makeFilter(table);
