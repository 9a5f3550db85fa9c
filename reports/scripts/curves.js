// A log-log plot: one line for each model, labelled where it ends.

const PLOT = { top: 14, bottom: 44, left: 56, line: 15, narrow: 560 };

// Draws curves into a holder: {name, style, rank, points: [x, y] as logarithms to base 10}.
function drawCurves(holder, { curves, marks, along, title, here, range }) {
  const width = Math.max(300, Math.min(holder.clientWidth || 700, 900));
  const narrow = width < PLOT.narrow;
  const longest = Math.max(...curves.map((c) => c.name.length), 1);
  const right = narrow ? 26 : Math.min(30 + 7.3 * longest, 260);
  const height = Math.max(narrow ? 320 : 420, PLOT.top + PLOT.bottom + PLOT.line * curves.length);
  const frame = frameOf(curves, range, { width, height, right });
  const drawing = makeDrawn("svg", {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
    "aria-label": `${title} over ${along}, both on logarithmic scales; the ranking and the crossovers say the same in words`,
  });
  drawing.append(...axesOf(frame, along, title), hereOf(frame, here));
  drawing.append(...curves.map((curve) => lineOf(frame, curve)));
  drawing.append(...marks.map((mark) => markOf(frame, mark)));
  drawing.append(...labelsOf(frame, curves, narrow));
  holder.replaceChildren(drawing);
}

// Where logarithms go on the drawing.
function frameOf(curves, [low, high], { width, height, right }) {
  const values = curves.flatMap((curve) => curve.points.map((point) => point[1]));
  const bottom = values.length ? Math.floor(Math.min(...values) + 1e-9) : 0;
  const top = values.length ? Math.max(Math.ceil(Math.max(...values) - 1e-9), bottom + 1) : 1;
  const [w, h] = [width - PLOT.left - right, height - PLOT.top - PLOT.bottom];
  return {
    low, high, bottom, top,
    across: (x) => PLOT.left + (w * (x - low)) / (high - low),
    up: (y) => PLOT.top + h * (1 - (y - bottom) / (top - bottom)),
    edges: { left: PLOT.left, right: PLOT.left + w, top: PLOT.top, bottom: PLOT.top + h },
  };
}

// Lines and labels at powers of ten, so many as there is room for.
function axesOf(frame, along, title) {
  const { left, right, top, bottom } = frame.edges;
  const parts = [];
  for (const power of powers(frame.low, frame.high, (right - left) / 48)) {
    const x = frame.across(power);
    parts.push(makeDrawn("path", { d: `M${x} ${top}V${bottom}`, class: "grid" }));
    parts.push(label(powerText(power), x, bottom + 16, "middle"));
  }
  for (const power of powers(frame.bottom, frame.top, (bottom - top) / 28)) {
    const y = frame.up(power);
    parts.push(makeDrawn("path", { d: `M${left} ${y}H${right}`, class: "grid" }));
    parts.push(label(powerText(power), left - 6, y + 4, "end"));
  }
  const middle = (top + bottom) / 2;
  const turned = label(title, 12, middle, "middle");
  turned.setAttribute("transform", `rotate(-90 12 ${middle})`);
  return [...parts, turned, label(along, (left + right) / 2, bottom + 36, "middle")];
}

function powers(low, high, most) {
  const step = Math.max(1, Math.ceil((high - low) / Math.max(most, 1)));
  const found = [];
  for (let k = Math.ceil(low); k <= high + 1e-9; k += step) found.push(k);
  return found;
}

function powerText(power) {
  return power >= 0 && power < 4 ? grouped(10n ** BigInt(power)) : `10${raised(power)}`;
}

function label(text, x, y, anchor) {
  return makeDrawn("text", { x, y, "text-anchor": anchor }, text);
}

function hereOf(frame, here) {
  const { top, bottom } = frame.edges;
  return makeDrawn("path", { d: `M${frame.across(here)} ${top}V${bottom}`, class: "here" });
}

function lineOf(frame, { name, style, points }) {
  const places = points.map(([x, y]) => `${frame.across(x).toFixed(1)} ${frame.up(y).toFixed(1)}`);
  const title = makeDrawn("title", {}, name);
  return makeDrawn("path", { d: `M${places.join("L")}`, class: `curve ${style}` }, title);
}

function markOf(frame, { x, y, text }) {
  const title = makeDrawn("title", {}, text);
  const place = { cx: frame.across(x), cy: frame.up(y), r: 3.5, class: "mark" };
  return makeDrawn("circle", place, title);
}

// Names beside the ends of lines, moved apart; on a narrow page, their places in the ranking.
function labelsOf(frame, curves, narrow) {
  const ends = curves.map((curve) => ({ curve, y: frame.up(curve.points.at(-1)[1]) }));
  ends.sort((a, b) => a.y - b.y || a.curve.rank - b.curve.rank);
  moveApart(ends, frame.edges.bottom);
  return ends.map(({ curve, y, from = frame.up(curve.points.at(-1)[1]) }) => {
    const x = frame.edges.right;
    const end = frame.across(curve.points.at(-1)[0]);
    const lead = makeDrawn("path", { d: `M${end} ${from}L${x + 8} ${y}`, class: `lead ${curve.style}` });
    const text = label(narrow ? curve.rank : curve.name, x + 11, y + 4, "start");
    text.setAttribute("class", curve.style);
    return makeDrawn("g", {}, lead, text);
  });
}

function moveApart(ends, bottom) {
  ends.forEach((end, k) => {
    if (k) end.y = Math.max(end.y, ends[k - 1].y + PLOT.line);
  });
  for (let k = ends.length - 1; k >= 0; k--) {
    const limit = k === ends.length - 1 ? bottom : ends[k + 1].y - PLOT.line;
    ends[k].y = Math.min(ends[k].y, limit);
  }
}
