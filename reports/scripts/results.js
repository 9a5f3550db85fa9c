// What the explorer shows at the sizes that are chosen: a ranking, a table, an interval.

// The formula of a figure of a model, in the setting that is chosen.
function formulaOf({ data, chosen }, figure, model) {
  const [axes, numbers] = data.cells[figure][model];
  const place = axes.reduce((total, axis) => {
    const choices = data.choices[axis];
    return total * choices.length + choices.indexOf(chosen.setting[axis]);
  }, 0);
  return data.formulas[numbers[place]];
}

function toldOf(page, figure, model) {
  const { data, chosen } = page;
  return told(data, data.models[model], formulaOf(page, figure, model), chosen.sizes);
}

// What each model says of a figure: with a value and ranked, or with a reason.
function entriesOf(page, figure) {
  const entries = page.data.models.map(({ name }, order) => ({
    name,
    order,
    style: `line-${order % 9} dash-${Math.floor(order / 9) % 4}`,
    ...toldOf(page, figure, order),
  }));
  const without = entries.filter((entry) => entry.reason !== undefined);
  return { rankedOnes: ranked(entries.filter((entry) => entry.reason === undefined)), without };
}

function figureOf(page, name = page.chosen.figure) {
  return page.data.figures.find((figure) => figure.name === name);
}

function growthOf(page, { growth }) {
  const shown = page.part("growths").content.children[growth].cloneNode(true);
  return make("span", {}, "Θ(", ...shown.childNodes, ")");
}

function showFigures(page) {
  const { rankedOnes, without } = entriesOf(page, page.chosen.figure);
  const { title, unit } = figureOf(page);
  page.part("title").textContent = `Ranking by ${title}, least first`;
  fillRanking(page.part("ranking"), rankedOnes, unit, (entry) => growthOf(page, entry));
  page.part("without").replaceChildren(
    ...without.map((e) => make("li", {}, make("strong", {}, e.name), `: ${e.reason}`)),
  );
  showTable(page);
  showBrent(page);
}

// The result in a sentence, which is said aloud: not while a slider moves.
function showTold(page) {
  const { rankedOnes } = entriesOf(page, page.chosen.figure);
  const { title, unit } = figureOf(page);
  const [first, last] = [rankedOnes[0], rankedOnes.at(-1)];
  page.part("told").textContent = first
    ? `${sentence(title)} at ${sizesText(page)}: least for ${first.name} (${exactText(first.value)} ${unit})` +
      `, most for ${last.name} (${exactText(last.value)} ${unit}).`
    : `No model has a value of ${title} at ${sizesText(page)}.`;
}

function sentence(text) {
  return text[0].toUpperCase() + text.slice(1);
}

function sizesText({ chosen }) {
  return [...chosen.sizes].map(([name, value]) => `${name} = ${grouped(value)}`).join(", ");
}

// Every figure of every model; the order of rows that a reader asked for is kept up.
function showTable(page) {
  const table = page.part("table");
  const rows = new Map([...table.tBodies[0].rows].map((row) => [Number(row.dataset.model), row]));
  page.data.figures.forEach(({ name }, column) => {
    const { rankedOnes, without } = entriesOf(page, name);
    for (const entry of rankedOnes) {
      const details = make("small", {}, growthOf(page, entry), ` ${entry.grade}`);
      fillCell(rows.get(entry.order).cells[column + 1], entry.rank, valueOf(entry.value), details);
    }
    for (const { order, reason } of without) {
      fillCell(rows.get(order).cells[column + 1], "", make("small", { class: "reason" }, reason));
    }
  });
  keepOrder(table);
}

// Puts rows into the order that a reader asked for, which new values may have changed.
function keepOrder(table) {
  const head = table.tHead.querySelector("[aria-sort]");
  if (!head) return;
  const rows = [...table.tBodies[0].rows].sort((a, b) => a.dataset.model - b.dataset.model);
  const cells = rows.map((row) => row.cells[head.cellIndex]);
  const order = ordered(cells, head.getAttribute("aria-sort"));
  table.tBodies[0].append(...order.map((index) => rows[index]));
}

function fillCell(cell, rank, ...children) {
  cell.dataset.sort = rank;
  cell.replaceChildren(...children);
}

function showBrent(page) {
  const part = page.part("brent");
  if (!part) return;
  const { data, chosen } = page;
  const rows = data.models.map(({ name }, model) => ({
    name,
    work: toldOf(page, "steps", model),
    span: toldOf(page, "span", model),
  }));
  page.part("brent-told").textContent =
    `Steps in unit ${chosen.setting.unit} on p = ${grouped(chosen.processors)} processors:` +
    " max(T₁/p, T∞) ≤ Tₚ ≤ T₁/p + T∞, in whole steps, for every schedule that leaves no processor" +
    " idle while something is ready (Brent 1974, Graham 1969).";
  fillBrent(part.tBodies[0], rows, chosen.processors);
}
