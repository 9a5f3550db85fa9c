// What the page does is said to those who do not see it.

const status = document.createElement("p");
status.className = "heard";
status.setAttribute("role", "status");
document.body.append(status);

function say(text) {
  status.textContent = text;
}
