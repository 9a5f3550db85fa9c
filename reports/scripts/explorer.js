// The explorer: what is chosen, and everything on the page that follows from it.

const RANGE = 10n ** 6n; // how far a plot goes at least
const SHOWN_TURNS = 24;

function startExplorer(section) {
  const data = JSON.parse(document.getElementById("explore-data").textContent);
  const part = (name) => section.querySelector(`[data-part="${name}"]`);
  const page = { data, section, part, form: part("form"), chosen: chosenAtFirst(data) };
  section.hidden = false;
  for (const link of document.querySelectorAll(`a[href="#${section.id}"]`)) {
    link.parentElement.hidden = false;
  }
  const rest = () => {
    showTold(page);
    showTurns(page);
    section.removeAttribute("aria-busy");
  };
  const later = settled(150, rest);
  const changed = (written) => {
    section.setAttribute("aria-busy", "true");
    showFigures(page);
    later();
    if (written) keepAddress(page);
  };
  page.form.addEventListener("submit", (event) => event.preventDefault());
  page.form.addEventListener("input", (event) => {
    if (takeInput(page, event.target)) changed(true);
  });
  part("copy").addEventListener("click", () => copyLink(page));
  addEventListener("hashchange", () => readAddress(page) && changed(false));
  addEventListener("resize", settled(150, () => showTurns(page)));
  readAddress(page);
  showControls(page);
  showFigures(page);
  rest();
  if (location.hash.startsWith("#explore&")) section.scrollIntoView();
}

function chosenAtFirst(data) {
  return {
    sizes: new Map(data.sizes.map(({ name, value }) => [name, BigInt(value)])),
    setting: { ...data.setting },
    processors: 64n,
    figure: data.first.figure,
    along: data.first.along,
  };
}

// --- the address ----------------------------------------------------------------------------------

// Takes over what an address chooses, if it is one of the explorer's.
function readAddress(page) {
  if (!/^#explore(&|$)/.test(location.hash)) return false;
  const { chosen, ignored } = chosenIn(page.data, location.hash.slice(1), page.chosen);
  page.chosen = chosen;
  page.part("note").textContent = ignored.length
    ? `Left out of the address: ${ignored.slice(0, 5).join("; ")}${ignored.length > 5 ? "; …" : ""}.`
    : "";
  showControls(page);
  return true;
}

const keepAddress = settled(200, (page) => {
  history.replaceState(null, "", addressOf(page.data, page.chosen));
  page.part("note").textContent = "";
});

async function copyLink(page) {
  const address = new URL(addressOf(page.data, page.chosen), location.href).href;
  history.replaceState(null, "", address);
  try {
    await navigator.clipboard.writeText(address);
    page.part("note").textContent = "The link to this view is copied.";
  } catch {
    page.part("note").textContent = "The link to this view is in the address bar.";
  }
}

// --- the controls ---------------------------------------------------------------------------------

// Takes one control's value over; false if it is no value.
function takeInput(page, { name, type, value, form }) {
  const { chosen, data } = page;
  const [kind, key] = [name.split("-", 1)[0], name.slice(name.indexOf("-") + 1)];
  if (kind === "choice") {
    if (Object.hasOwn(data.choices, key)) {
      chosen.setting[key] = data.choices[key].find((known) => String(known) === value);
    } else chosen[key] = value;
    showControls(page);
    return true;
  }
  const number = type === "range" ? 2n ** BigInt(value) : wholeIn(value);
  if (number === null) {
    form.elements[`number-${key}`].setAttribute("aria-invalid", "true");
    return false;
  }
  if (key === "processors") chosen.processors = number;
  else chosen.sizes.set(key.slice(5), number);
  showNumber(page, key, number, type);
  return true;
}

function showControls(page) {
  const { chosen, data, form } = page;
  for (const [name, value] of chosen.sizes) showNumber(page, `size-${name}`, value);
  showNumber(page, "processors", chosen.processors);
  for (const [axis, value] of Object.entries(chosen.setting)) {
    const select = form.elements[`choice-${axis}`];
    if (select) select.value = String(value);
  }
  for (const key of ["figure", "along"]) form.elements[`choice-${key}`].value = chosen[key];
  for (const axis of Object.keys(data.choices)) {
    const matters = data.cells[chosen.figure].some(([axes]) => axes.includes(axis));
    page.part(`hint-${axis}`).textContent = matters ? "" : "makes no difference here";
  }
}

// Shows a number in its field and on its slider, but not where it is being typed.
function showNumber({ form }, key, number, typed = "") {
  const [field, slider] = [form.elements[`number-${key}`], form.elements[`slider-${key}`]];
  field.removeAttribute("aria-invalid");
  if (typed !== "number") field.value = number;
  if (typed !== "range") slider.value = Math.round(Math.log2(Number(number)));
  slider.setAttribute("aria-valuetext", grouped(number));
}

// --- the results ----------------------------------------------------------------------------------

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

// --- along one size -------------------------------------------------------------------------------

// The plot and the crossovers along a size, for models that exist at the other sizes.
function showTurns(page) {
  const { data, chosen } = page;
  const { title, unit } = figureOf(page);
  const entries = data.models.flatMap(({ name }, order) => entryAlong(page, name, order));
  const { turns, sampled } = turnsAlong(data, entries, chosen.sizes, chosen.along);
  const counts = turns.filter((turn) => !turn.equal).length;
  page.part("turns-title").textContent = `Crossovers of ${title} along ${chosen.along}`;
  page.part("turns-told").textContent =
    `${counts || "No"} ${counts === 1 ? "place" : "places"} where two models change places, of every ` +
    `${chosen.along} from 1 to ${grouped(LARGEST)}, the other sizes as chosen` +
    (sampled.length
      ? `; looked for at ${SAMPLES_PER_OCTAVE} samples an octave, where two turns between samples ` +
        `are not seen, for ${sampled.slice(0, 4).join("; ")}${sampled.length > 4 ? "; …" : ""}.`
      : ", solved exactly.");
  const sentences = turns.map((turn) => make("li", {}, turnText(turn, chosen.along, title)));
  page.part("turns").replaceChildren(...sentences.slice(0, SHOWN_TURNS));
  page.part("more-turns").hidden = turns.length <= SHOWN_TURNS;
  page.part("all-turns").replaceChildren(...sentences.slice(SHOWN_TURNS));
  showCurves(page, entries, turns, unit ? `${title} (${unit})` : title);
}

function entryAlong(page, name, order) {
  const { data, chosen } = page;
  const formula = formulaOf(page, chosen.figure, order);
  if (typeof formula === "string") return [];
  const [program, , , least] = formula;
  try {
    if (misfit(data, data.models[order], chosen.sizes, chosen.along)) return [];
  } catch (error) {
    if (error instanceof NoValue) return [];
    throw error;
  }
  if (outside(least, chosen.sizes, chosen.along)) return [];
  const style = `line-${order % 9} dash-${Math.floor(order / 9) % 4}`;
  return [{ name, order, style, program, least }];
}

function showCurves(page, entries, turns, title) {
  const { data, chosen } = page;
  const here = chosen.sizes.get(chosen.along);
  const high = [RANGE, here * 8n].reduce((a, b) => (a > b ? a : b));
  const end = high < LARGEST ? high : LARGEST;
  const ranks = new Map(entriesOf(page, chosen.figure).rankedOnes.map((e) => [e.order, e.rank]));
  const curves = entries.map((entry) => ({
    ...entry,
    rank: ranks.get(entry.order) ?? "",
    points: pointsOf(data.programs[entry.program], entry.least, chosen, end),
  }));
  const marks = turns.filter((turn) => !turn.equal && turn.first <= end).flatMap((turn) => {
    const y = heightAt(data.programs[turn.less.program], chosen, turn.first);
    const text = turnText(turn, chosen.along, figureOf(page).title);
    return y === null ? [] : [{ x: logarithmOf(turn.first), y, text }];
  });
  drawCurves(page.part("plot"), {
    curves: curves.filter((curve) => curve.points.length),
    marks,
    along: chosen.along,
    title,
    here: logarithmOf(here),
    range: [0, logarithmOf(end)],
  });
}

// The points of a curve, as logarithms; where a formula has no positive value there is none.
function pointsOf(program, least, chosen, end) {
  const low = BigInt(least[chosen.along] ?? 1);
  const places = low <= end ? samples(low, end, 2) : [];
  return places.flatMap((x) => {
    const y = heightAt(program, chosen, x);
    return y === null ? [] : [[logarithmOf(x), y]];
  });
}

function heightAt(program, chosen, x) {
  try {
    const value = evaluated(program, new Map(chosen.sizes).set(chosen.along, x));
    return value.above > 0n ? logarithm(value) : null;
  } catch (error) {
    if (error instanceof NoValue) return null;
    throw error;
  }
}

const explored = document.getElementById("explore");
if (explored) startExplorer(explored);
