// The explorer: what is chosen, and everything on the page that follows from it.

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

const explored = document.getElementById("explore");
if (explored) startExplorer(explored);
