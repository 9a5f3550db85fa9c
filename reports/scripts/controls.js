// The controls of the explorer, and the address of the page, which say the same.

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
    page.part(`hint-${axis}`).textContent = matters ? "" : "no difference here";
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

// --- the address ----------------------------------------------------------------------------------

// Takes over what an address chooses, if it is one of the explorer's.
function readAddress(page) {
  if (!location.hash.startsWith("#explore&")) return false;
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
