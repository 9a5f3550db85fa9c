// What the page does is said to those who do not see it.

const status = document.createElement("p");
status.className = "heard";
status.setAttribute("role", "status");
document.body.append(status);

function say(text) {
  status.textContent = text;
}

// What only scripts bring to life is shown where they run.
for (const part of document.querySelectorAll("[data-scripted]")) part.hidden = false;
