// The sign of a difference of two formulas at every whole number of an interval, along one size.
//
// A formula without functions is a polynomial there. A polynomial is monotone where its difference
// p(x + 1) - p(x) has one sign, which is of a lower degree: so the runs of its signs are found by
// bisection, none missed. A function (a minimum, a logarithm that is rounded up) is a polynomial on
// pieces; where one ends, the interval is cut.

const MOST_PIECES = 400;

// That an interval has to be cut behind a number; that no rule finds the pieces, or they are too
// many: what was found until then goes along.
class Cut extends Error {
  constructor(last) {
    super();
    this.last = last;
  }
}
class Unsolved extends Error {
  found = [];
  first = null;
}

// Runs {first, last, sign} of the sign of left - right, for the size named along.
function signRuns(left, right, at, along, low, high) {
  const found = [];
  let [first, pieces] = [low, 0];
  while (first <= high) {
    let last = high;
    for (let known = false; !known; ) {
      try {
        if (++pieces > MOST_PIECES) throw new Unsolved();
        for (const run of differenceRuns(left, right, { at, along, low: first, high: last })) {
          joinRun(found, run);
        }
        known = true;
      } catch (error) {
        if (error instanceof Unsolved) Object.assign(error, { found, first });
        if (!(error instanceof Cut)) throw error;
        last = error.last;
      }
    }
    first = last + 1n;
  }
  return found;
}

function joinRun(found, run) {
  const before = found.at(-1);
  if (before && before.sign === run.sign) before.last = run.last;
  else found.push({ ...run });
}

function differenceRuns(left, right, piece) {
  const [a, b, c, d] = [...left, ...right].map((sum) => polynomial(sum, piece));
  const below = oneSign(multiplied(b, d), piece);
  if (below === 0) throw new Unsolved();
  const above = added(multiplied(a, d), multiplied(c, b), -1n);
  return polynomialRuns(above, piece.low, piece.high).map((run) => ({
    ...run,
    sign: run.sign * below,
  }));
}

// The sign of a polynomial on a piece; the piece is cut where it changes.
function oneSign(coefficients, { low, high }) {
  const [run] = polynomialRuns(coefficients, low, high);
  if (run.last < high) throw new Cut(run.last);
  return run.sign;
}

// --- polynomials: coefficients, lowest power first ------------------------------------------------

function added(left, right, times = 1n) {
  const found = [...left];
  right.forEach((c, k) => (found[k] = (found[k] ?? 0n) + times * c));
  while (found.length && found.at(-1) === 0n) found.pop();
  return found;
}

function multiplied(left, right) {
  const found = Array(Math.max(left.length + right.length - 1, 0)).fill(0n);
  left.forEach((a, i) => right.forEach((b, k) => (found[i + k] += a * b)));
  return found;
}

function valueAt(coefficients, x) {
  return coefficients.reduceRight((total, c) => total * x + c, 0n);
}

// The runs of signs of a polynomial from low to high.
function polynomialRuns(coefficients, low, high) {
  if (low > high) return [];
  const signs = new Set(coefficients.map(signOf).filter((sign) => sign));
  if (signs.size === 0) return [{ first: low, last: high, sign: 0 }];
  if (signs.size === 1 && low > 0n) return [{ first: low, last: high, sign: [...signs][0] }];
  const [found, next] = [[], stepped(coefficients)];
  let start = low;
  for (const run of polynomialRuns(next, low, high - 1n)) {
    if (start <= run.last + 1n) monotoneRuns(coefficients, start, run.last + 1n, found);
    start = run.last + 2n;
  }
  if (start <= high) monotoneRuns(coefficients, start, high, found);
  return found;
}

// The coefficients of p(x + 1) - p(x).
function stepped(coefficients) {
  const found = Array(Math.max(coefficients.length - 1, 0)).fill(0n);
  let row = [1n];
  coefficients.forEach((c, power) => {
    for (let k = 0; k < power; k++) found[k] += c * row[k];
    row = [1n, ...row.slice(1).map((b, k) => b + row[k]), 1n];
  });
  return found;
}

// The runs of what only rises or only falls: at most three.
function monotoneRuns(coefficients, low, high, found) {
  while (low <= high) {
    const here = signOf(valueAt(coefficients, low));
    let [inside, beyond] = [low, high + 1n];
    while (beyond - inside > 1n) {
      const middle = (inside + beyond) / 2n;
      if (signOf(valueAt(coefficients, middle)) === here) inside = middle;
      else beyond = middle;
    }
    joinRun(found, { first: low, last: inside, sign: here });
    low = inside + 1n;
  }
}

// --- functions ------------------------------------------------------------------------------------

// A sum as a polynomial on a piece.
function polynomial([terms], piece) {
  let total = [];
  for (const [coefficient, factors] of terms) {
    let product = [BigInt(coefficient)];
    for (const [base, exponent] of factors) {
      const factor = basePolynomial(base, piece);
      for (let k = 0; k < exponent; k++) product = multiplied(product, factor);
    }
    total = added(total, product);
  }
  return total;
}

function basePolynomial([tag, name, args], piece) {
  if (tag === "size") return name === piece.along ? [0n, 1n] : [piece.at.get(name)];
  const given = args.map((sum) => polynomial(sum, piece));
  if (given.every((p) => p.length <= 1)) return [CALLS[name](...given.map((p) => p[0] ?? 0n))];
  if (name === "sum") return given[0];
  if (name === "min" || name === "max") return extreme(name, given, piece);
  if (name === "power" && given[1].length <= 1) return powerPolynomial(given[0], given[1][0] ?? 0n);
  if (name === "ceil" || name === "ceil_log2") return rounded(name, 2n, given, piece);
  if (name === "ceil_log" && given[0].length === 1) {
    return rounded(name, given[0][0], given.slice(1), piece);
  }
  throw new Unsolved();
}

function extreme(name, [left, right, below], piece) {
  if (oneSign(below, piece) < 1) throw new Unsolved();
  const sign = oneSign(added(left, right, -1n), piece);
  return sign < 0 === (name === "min") ? left : right;
}

function powerPolynomial(base, exponent) {
  if (exponent > 64n) throw new Unsolved();
  let product = [1n];
  for (let k = 0n; k < exponent; k++) product = multiplied(product, base);
  return product;
}

// What is rounded up has one value until its argument passes it, or falls to the one below.
function rounded(name, base, [above, below], piece) {
  if (oneSign(below, piece) < 1) throw new Unsolved();
  const here = [valueAt(above, piece.low), valueAt(below, piece.low)];
  if (name !== "ceil" && here[0] < here[1]) throw new Unsolved();
  const value = name === "ceil" ? dividedUp(...here) : stepsTo(base, ...here);
  const most = name === "ceil" ? value : base ** value;
  staysOn(added(above, below, -most), piece, (sign) => sign <= 0);
  if (name !== "ceil" && value === 0n) {
    staysOn(added(above, below, -1n), piece, (sign) => sign >= 0);
  } else {
    const over = name === "ceil" ? value - 1n : base ** (value - 1n);
    staysOn(added(above, below, -over), piece, (sign) => sign > 0);
  }
  return value === 0n ? [] : [value];
}

// Cuts a piece where the sign of a polynomial stops being one of those allowed.
function staysOn(coefficients, { low, high }, allowed) {
  let last = low;
  for (const run of polynomialRuns(coefficients, low, high)) {
    if (!allowed(run.sign)) break;
    last = run.last;
  }
  if (last < high) throw new Cut(last);
}
