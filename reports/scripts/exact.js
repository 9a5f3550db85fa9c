// Exact numbers: quotients of whole numbers of any length, and how they are written.

const FULL = 24; // digits up to which a whole number is written out in a cell
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

// A quotient in lowest terms, its divisor positive.
function ratio(above, below = 1n) {
  if (below === 0n) throw new NoValue("expected a divisor that is not zero, got 0");
  const common = divisor(above, below) * (below < 0n ? -1n : 1n);
  return { above: above / common, below: below / common };
}

// The greatest common divisor, at least 1.
function divisor(a, b) {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y) [x, y] = [y, x % y];
  return x || 1n;
}

// -1, 0 or 1: how a whole number lies to zero.
function signOf(value) {
  return value > 0n ? 1 : value < 0n ? -1 : 0;
}

// -1, 0 or 1: how one quotient lies to another.
function comparedRatios(a, b) {
  return signOf(a.above * b.below - b.above * a.below);
}

// The least whole number that is not below a quotient, for a positive divisor.
function roundedUp(above, below) {
  const quotient = above / below;
  return quotient * below < above ? quotient + 1n : quotient;
}

function roundedDown(value) {
  return -roundedUp(-value.above, value.below);
}

// How many bits a whole number has that is not negative.
function bitsOf(value) {
  if (value === 0n) return 0;
  const text = value.toString(16);
  return 4 * (text.length - 1) + Math.floor(Math.log2(parseInt(text[0], 16))) + 1;
}

// The logarithm of a positive quotient to base 10, for drawing.
function logarithm(value) {
  return logarithmOf(value.above) - logarithmOf(value.below);
}

function logarithmOf(whole) {
  const text = whole.toString();
  return text.length <= 15
    ? Math.log10(Number(text))
    : Math.log10(Number(text.slice(0, 15))) + text.length - 15;
}

// A whole number with separators.
function grouped(whole) {
  return whole.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

// A quotient as it is, exactly.
function exactText(value) {
  const above = grouped(value.above);
  return value.below === 1n ? above : `${above}/${grouped(value.below)}`;
}

// A quotient to four digits.
function nearText(value) {
  if (value.above === 0n) return "0";
  const size = value.above < 0n ? { above: -value.above, below: value.below } : value;
  const sign = value.above < 0n ? "-" : "";
  const power = logarithm(size);
  if (power > -4 && power < 6) return sign + plainText(10 ** power);
  let exponent = Math.floor(power);
  let digits = (10 ** (power - exponent)).toFixed(3);
  if (digits === "10.000") [digits, exponent] = ["1.000", exponent + 1];
  return `${sign}${digits} × 10${raised(exponent)}`;
}

function plainText(value) {
  return Number(value.toPrecision(4)).toLocaleString("en-US", { maximumSignificantDigits: 4 });
}

function raised(exponent) {
  const digits = [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[digit]).join("");
  return exponent < 0 ? `⁻${digits}` : digits;
}

// A value for a cell: exact, and where that is long or no whole number, to four digits before it.
function valueOf(value) {
  const exact = exactText(value);
  if (value.below === 1n && exact.length <= (FULL * 4) / 3) return make("span", {}, exact);
  const near = `≈ ${nearText(value)}`;
  if (exact.length <= (FULL * 4) / 3) {
    return make("span", {}, `${exact} `, make("small", {}, near));
  }
  return make("details", {}, make("summary", {}, near), make("span", { class: "digits" }, exact));
}
