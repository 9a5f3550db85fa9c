// Formulas as the page's data has them: whole coefficients, whole bases, one division at the end.

const LARGEST_BITS = 1 << 20; // the longest power that is carried out
const LARGEST_EXPONENT = 4096n;

// That a formula has no value at some sizes; the message says why.
class NoValue extends Error {}

// The value of a formula at sizes, exact.
function evaluated(program, at) {
  return ratio(sumAt(program[0], at), sumAt(program[1], at));
}

function sumAt([terms], at) {
  let total = 0n;
  for (const [coefficient, factors] of terms) {
    let product = BigInt(coefficient);
    for (const [base, exponent] of factors) product *= baseAt(base, at) ** BigInt(exponent);
    total += product;
  }
  return total;
}

function baseAt([tag, name, args], at) {
  if (tag === "call") return CALLS[name](...args.map((sum) => sumAt(sum, at)));
  if (!at.has(name)) throw new NoValue(`expected a value for ${name}`);
  return at.get(name);
}

// What each function is on whole numbers; quotients come as two of them.
const CALLS = {
  sum: (x) => x,
  ceil: (above, below) => dividedUp(above, below),
  ceil_log2: (above, below) => stepsTo(2n, above, below),
  ceil_log: (base, above, below) => stepsTo(base, above, below),
  min: (left, right, below) => (checked(below, "min and max"), left < right ? left : right),
  max: (left, right, below) => (checked(below, "min and max"), left > right ? left : right),
  power: (base, exponent) => powerOf(base, exponent),
};

function dividedUp(above, below) {
  if (below === 0n) throw new NoValue("expected a divisor that is not zero, got 0");
  return below < 0n ? roundedUp(-above, -below) : roundedUp(above, below);
}

function checked(below, where) {
  if (below < 1n) throw new NoValue(`expected a divisor of at least 1 for ${where}, got ${below}`);
}

// How often a base is multiplied until it reaches a quotient of at least 1.
function stepsTo(base, above, below) {
  if (base < 2n) throw new NoValue(`expected a base of at least 2 for a logarithm, got ${base}`);
  const reached = dividedUp(above, below);
  if (signOf(above - below) * signOf(below) < 0) {
    throw new NoValue(`expected an argument of at least 1 for a logarithm, got ${above}/${below}`);
  }
  if (base === 2n) return BigInt(bitsOf(reached - 1n));
  let [steps, reach] = [0n, 1n];
  while (reach < reached) [steps, reach] = [steps + 1n, reach * base];
  return steps;
}

function powerOf(base, exponent) {
  if (exponent < 0n) {
    throw new NoValue(`expected an exponent of at least 0 for a power, got ${exponent}`);
  }
  if (exponent > LARGEST_EXPONENT) {
    throw new NoValue(`expected exponents of at most ${LARGEST_EXPONENT}, got ${exponent}`);
  }
  const bits = BigInt(bitsOf(base < 0n ? -base : base) || 1) * exponent;
  if (bits > LARGEST_BITS) {
    throw new NoValue(`expected powers of at most ${LARGEST_BITS} bits, got ${bits}`);
  }
  return base ** exponent;
}

// The sizes that a formula reads.
function sizesIn(program, found = new Set()) {
  for (const sum of program) {
    for (const [, factors] of sum[0]) {
      for (const [[tag, name, args]] of factors) {
        if (tag === "call") sizesIn(args, found);
        else found.add(name);
      }
    }
  }
  return found;
}

// Why a model does not exist at sizes, or nothing; demands on what varies can be left out.
function misfit(data, model, at, varying = null) {
  for (const [refusal, number, whole] of model.demands) {
    const program = data.programs[number];
    const names = [...sizesIn(program)];
    if (names.includes(varying)) continue;
    const count = evaluated(program, at);
    if (whole ? count.below === 1n : count.above >= 0n) continue;
    return `no such model: ${refusal} at ${names.map((s) => `${s} = ${grouped(at.get(s))}`).join(", ")}`;
  }
  return "";
}

// Which size lies outside the domain of a formula, or nothing; some formulas hold at one value only.
function outside(least, at, varying = null, only = {}) {
  for (const [name, value] of Object.entries(only)) {
    if (name === varying || at.get(name) !== BigInt(value)) {
      return `derived for ${name} = ${grouped(value)} alone`;
    }
  }
  for (const [name, value] of Object.entries(least)) {
    if (name !== varying && at.get(name) < BigInt(value)) {
      return `the formula holds for ${name} ≥ ${grouped(value)}`;
    }
  }
  return "";
}

// The value of a figure of a model at sizes, with growth and grade; or the reason why there is none.
function told(data, model, formula, at) {
  try {
    const absent = misfit(data, model, at);
    if (absent) return { reason: absent };
    if (typeof formula === "string") return { reason: formula };
    const [program, grade, growth, least, only] = formula;
    const below = outside(least, at, null, only);
    if (below) return { reason: below, grade, growth };
    return { value: evaluated(data.programs[program], at), grade, growth };
  } catch (error) {
    if (!(error instanceof NoValue)) throw error;
    return { reason: error.message };
  }
}
