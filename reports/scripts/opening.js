// The details of a cell open beside the table, and have an address: the one that the link leads to.
// Without this script the link leads to the same details further down.

const panel = document.createElement("dialog");
panel.className = "panel";
const place = document.createComment("details that are open");
const before = { hash: "" };
let opened = null;

function linkTo(article) {
  return document.querySelector(`.sheet a[href="#${CSS.escape(article.id)}"]`);
}

function putBack() {
  if (opened) place.replaceWith(opened);
  opened = null;
}

function open(article) {
  if (!opened) before.hash = location.hash === `#${article.id}` ? "" : location.hash;
  putBack();
  article.replaceWith(place);
  panel.append(article);
  opened = article;
  panel.setAttribute("aria-label", article.querySelector("h4").textContent);
  history.replaceState(null, "", `#${article.id}`);
  if (!panel.open) panel.showModal();
  panel.scrollTop = 0;
}

function move(step) {
  const links = [...document.querySelectorAll(".sheet a")];
  const next = links[links.indexOf(linkTo(opened)) + step];
  if (!next) return;
  open(document.getElementById(next.hash.slice(1)));
  say(panel.getAttribute("aria-label"));
}

function openAddress() {
  const article = document.getElementById(location.hash.slice(1));
  const link = article?.matches("#cells article") ? linkTo(article) : null;
  if (!link) {
    before.hash = location.hash;
    panel.close();
    return;
  }
  link.scrollIntoView({ block: "center" });
  open(article);
}

function addControl(text, name, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.title = name;
  button.addEventListener("click", act);
  return button;
}

const controls = document.createElement("div");
controls.className = "tools";
controls.append(
  addControl("Close", "Close (Escape)", () => panel.close()),
  addControl("Previous", "The cell before (left arrow)", () => move(-1)),
  addControl("Next", "The next cell (right arrow)", () => move(1)),
);
panel.append(controls);
document.body.append(panel);

panel.addEventListener("click", (event) => {
  if (event.target === panel) panel.close();
});
document.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step || !panel.open || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.target.closest("[tabindex], input, select")) return;
  event.preventDefault();
  move(step);
});
panel.addEventListener("close", () => {
  const link = linkTo(opened);
  putBack();
  history.replaceState(null, "", location.href.split("#")[0] + before.hash);
  link.focus();
});

for (const link of document.querySelectorAll(".sheet a")) {
  link.setAttribute("aria-haspopup", "dialog");
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(document.getElementById(link.hash.slice(1)));
  });
}
window.addEventListener("hashchange", openAddress);
window.addEventListener("beforeprint", () => panel.close()); // paper has all details in their place
window.addEventListener("load", () => {
  // The browser has gone to the address by itself, and taken the focus with it.
  panel.scrollTo(0, 0);
  if (panel.open) controls.firstChild.focus();
});
openAddress();
