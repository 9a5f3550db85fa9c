// What the explorer shows along one size: curves, and where they cross.

const RANGE = 10n ** 6n; // how far a plot goes at least
const SHOWN_TURNS = 24;

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
      ? `; solved exactly, but after ${MOST_PIECES} pieces of what is rounded up looked for at ` +
        `${SAMPLES_PER_OCTAVE} samples an octave, where two turns between samples are not seen, for ` +
        `${sampled.slice(0, 4).join("; ")}${sampled.length > 4 ? "; …" : ""}.`
      : ", solved exactly.") +
    (data.models.some((model) => limits(data, model, chosen.along))
      ? ` Not every ${chosen.along} fits every model.`
      : "");
  const sentences = turns.map((turn) => make("li", {}, turnText(turn, chosen.along, title)));
  page.part("turns").replaceChildren(...sentences.slice(0, SHOWN_TURNS));
  page.part("more-turns").hidden = turns.length <= SHOWN_TURNS;
  page.part("all-turns").replaceChildren(...sentences.slice(SHOWN_TURNS));
  showCurves(page, entries, turns, unit ? `${title} (${unit})` : title);
}

// Whether a size has to fit others for a model to exist.
function limits(data, model, name) {
  return model.demands.some(([, program]) => sizesIn(data.programs[program]).has(name));
}

function entryAlong(page, name, order) {
  const { data, chosen } = page;
  const formula = formulaOf(page, chosen.figure, order);
  if (typeof formula === "string") return [];
  const [program, , , least, only] = formula;
  try {
    if (misfit(data, data.models[order], chosen.sizes, chosen.along)) return [];
  } catch (error) {
    if (error instanceof NoValue) return [];
    throw error;
  }
  if (outside(least, chosen.sizes, chosen.along, only)) return [];
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
