// Elements that scripts add to a page: text stays text, and nothing is parsed.

const DRAWN = "http://www.w3.org/2000/svg";

// An element with attributes and children; what is null or undefined is left out.
function make(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

// The same for a part of a drawing.
function makeDrawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS(DRAWN, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// Calls a function once nothing was asked for a while, with what was asked last.
function settled(milliseconds, action) {
  let waiting = 0;
  return (...given) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => action(...given), milliseconds);
  };
}
