// Tables put in order: rows by the button of a column, models by the button of a figure.
// The first click sorts upwards, the second downwards, the third returns to the order of the page.

const TURNS = { none: "ascending", ascending: "descending", descending: "none" };
const words = new Intl.Collator("en", { numeric: true });

function fraction(text) {
  const found = /^(-?\d+)(?:\.(\d+))?(?:\/(\d+))?$/.exec(text.replaceAll(",", ""));
  if (!found) return null;
  const [, whole, decimals = "", under = "1"] = found;
  return [BigInt(whole + decimals), BigInt(under) * 10n ** BigInt(decimals.length)];
}

// Numbers stand before words, and words before nothing, whichever way the order runs.
function sortKey(cell) {
  const text = cell.dataset.sort ?? cell.textContent.trim();
  const number = fraction(text);
  if (number) return { kind: 0, number };
  return { kind: text === "" || text === "-" ? 2 : 1, text };
}

function keysInOrder(left, right) {
  if (left.kind === 0) {
    const [a, b] = [left.number[0] * right.number[1], right.number[0] * left.number[1]];
    return a < b ? -1 : a > b ? 1 : 0;
  }
  return words.compare(left.text, right.text);
}

// Return the indices of cells in order; equal ones stay in the order of the page.
function ordered(cells, turn) {
  const keys = cells.map(sortKey);
  const found = cells.map((_, index) => index);
  if (turn === "none") return found;
  const sign = turn === "descending" ? -1 : 1;
  return found.sort((a, b) => keys[a].kind - keys[b].kind || sign * keysInOrder(keys[a], keys[b]));
}

function addButton(head, others, arrange) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "sort";
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => {
    const turn = TURNS[head.getAttribute("aria-sort") ?? "none"];
    for (const other of others) other.removeAttribute("aria-sort");
    if (turn !== "none") head.setAttribute("aria-sort", turn);
    arrange(turn);
    say(turn === "none" ? "in the order of the page" : `${turn} by ${button.textContent}`);
  });
  return button;
}

function sortRows(table) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells].filter((head) => !head.hasAttribute("data-model"));
  for (const head of heads) {
    const column = head.cellIndex;
    addButton(head, heads, (turn) => {
      const order = ordered(rows.map((row) => row.cells[column]), turn);
      body.append(...order.map((index) => rows[index]));
    });
  }
}

// The cells of a row hold the figure's values at the sizes that the row names.
function sortModels(table) {
  const all = [...table.rows].map((row) => [row, [...row.cells].slice(1)]);
  const rows = all.filter(([row]) => row.dataset.at !== undefined);
  const heads = rows.map(([row]) => row.cells[0]);
  for (const [own, cells] of rows) {
    const button = addButton(own.cells[0], heads, (turn) => {
      const order = ordered(cells, turn);
      for (const [row, models] of all) row.append(...order.map((index) => models[index]));
    });
    button.title = `Order the models by this figure at ${own.dataset.at}`;
  }
}

for (const table of document.querySelectorAll("table.sortable")) {
  sortRows(table);
  if (table.querySelector("tr[data-at]")) sortModels(table);
}
