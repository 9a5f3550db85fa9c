// What is chosen, in the address of the page: #explore&n=1024&unit=scalar&figure=work&along=n
//
// An address comes from outside. It is read as names and values that are looked up, all of them
// bounded; what is unknown or absurd is left out, and said.

const LARGEST = 10n ** 12n; // the largest size
const LONGEST_ADDRESS = 2000;
const OWN_NAMES = ["figure", "along", "processors"];

// The name of a size in an address; other choices come first.
function sizeKey(data, name) {
  return name in data.choices || OWN_NAMES.includes(name) ? `size.${name}` : name;
}

// What is chosen as an address; of the setting only what is not the report's.
function addressOf(data, chosen) {
  const parts = data.sizes.map(({ name }) => [sizeKey(data, name), chosen.sizes.get(name)]);
  for (const axis of Object.keys(data.choices)) {
    if (chosen.setting[axis] !== data.setting[axis]) parts.push([axis, chosen.setting[axis]]);
  }
  for (const name of OWN_NAMES) parts.push([name, chosen[name]]);
  return `#explore&${parts.map((pair) => pair.map(String).map(encodeURIComponent).join("=")).join("&")}`;
}

// What an address chooses, laid over what is there; ignored lists what was left out, and why.
function chosenIn(data, address, before) {
  const chosen = { ...before, sizes: new Map(before.sizes), setting: { ...data.setting } };
  const ignored = [];
  if (address.length > LONGEST_ADDRESS) {
    return { chosen: before, ignored: [`all of it: longer than ${LONGEST_ADDRESS} characters`] };
  }
  const seen = new Set();
  for (const part of address.split("&").slice(1)) {
    const [key, value] = decoded(part);
    const wrong = seen.has(key) ? "named twice" : takeOver(data, chosen, key, value);
    seen.add(key);
    if (wrong) ignored.push(`${part.slice(0, 40)} (${wrong})`);
  }
  return { chosen, ignored };
}

function decoded(part) {
  const place = part.indexOf("=");
  try {
    return place < 0
      ? [part, ""]
      : [part.slice(0, place), part.slice(place + 1)].map(decodeURIComponent);
  } catch {
    return [part, ""]; // no such encoding: an unknown name
  }
}

// Takes one choice over; returns what is wrong with it, or nothing.
function takeOver(data, chosen, key, value) {
  const size = data.sizes.find(({ name }) => sizeKey(data, name) === key);
  if (size || key === "processors") {
    const number = wholeIn(value);
    if (number === null) return `expected a whole number from 1 to ${grouped(LARGEST)}`;
    if (size) chosen.sizes.set(size.name, number);
    else chosen.processors = number;
    return "";
  }
  if (Object.hasOwn(data.choices, key)) {
    const choice = data.choices[key].find((known) => String(known) === value);
    if (choice === undefined) return `expected one of ${data.choices[key].join(", ")}`;
    chosen.setting[key] = choice;
    return "";
  }
  const known = { figure: data.figures, along: data.sizes };
  if (!Object.hasOwn(known, key)) return "unknown";
  const names = known[key].map(({ name }) => name);
  if (!names.includes(value)) return `expected one of ${names.join(", ")}`;
  chosen[key] = value;
  return "";
}

// A whole number that may be a size; null if a text is none.
function wholeIn(text) {
  if (!/^[1-9][0-9]{0,12}$/.test(text)) return null;
  const number = BigInt(text);
  return number <= LARGEST ? number : null;
}
