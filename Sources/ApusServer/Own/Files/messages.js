// How one message looks.

import { render } from "./markdown.js";

const names = { user: "You", assistant: "Model" };

/** A message's element; `act` is called with what is to be done with it. */
export function entry(message, act) {
  const node = document.createElement("article");
  node.className = message.role;
  const who = document.createElement("div");
  who.className = "who";
  who.textContent = names[message.role];
  const thought = document.createElement("details");
  thought.className = "thought";
  thought.hidden = true;
  thought.append(Object.assign(document.createElement("summary"), { textContent: "Thoughts" }), document.createElement("div"));
  const body = document.createElement("div");
  body.className = "body";
  const actions = document.createElement("div");
  actions.className = "actions";
  const choices = message.role === "user" ? ["Copy", "Edit"] : ["Copy", "Regenerate"];
  for (const name of choices) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: name });
    button.setAttribute("aria-label", `${name}: ${names[message.role]}, ${message.content.slice(0, 40)}`);
    button.onclick = () => act(name, message);
    actions.append(button);
  }
  node.append(who, thought, body, actions);
  node.update = () => update(node, message);
  node.update();
  return node;
}

function update(node, message) {
  const [, thought, body] = node.children;
  thought.hidden = !message.reasoning;
  thought.lastChild.textContent = message.reasoning ?? "";
  body.classList.toggle("waiting", !!message.isComing);
  if (message.role === "user") body.textContent = message.content;
  else if (message.tokens?.length) tokens(body, message.tokens);
  else render(body, message.content);
  let failure = node.querySelector(".failed");
  if (message.failure && !failure) {
    failure = Object.assign(document.createElement("p"), { className: "failed" });
    failure.setAttribute("role", "alert");
    body.after(failure);
  }
  if (failure) failure.textContent = message.failure ?? "";
}

/** The message token by token, each with what else was likely. */
function tokens(body, list) {
  body.classList.add("tokens");
  for (const token of list.slice(body.children.length)) {
    const span = document.createElement("span");
    span.textContent = token.text;
    span.token = token;
    const sure = Math.exp(token.logprob);
    span.style.textDecoration = sure < 0.5 ? `underline dotted ${sure < 0.1 ? "2px" : "1px"}` : "";
    body.append(span);
  }
}

/** Shows the alternatives of the token under the pointer. */
export function followPointer(list, tip) {
  list.addEventListener("pointerover", event => {
    const token = event.target.token;
    tip.hidden = !token;
    if (!token) return;
    const line = ([text, logprob]) => `${(100 * Math.exp(logprob)).toFixed(1).padStart(5)} %  ${JSON.stringify(text)}`;
    tip.textContent = [[token.text, token.logprob], ...token.top.filter(other => other[0] !== token.text)].map(line).join("\n");
    const place = event.target.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(place.left, innerWidth - tip.offsetWidth - 8)) + "px";
    tip.style.top = (place.bottom + tip.offsetHeight + 8 < innerHeight ? place.bottom + 4 : place.top - tip.offsetHeight - 4) + "px";
  });
  list.addEventListener("pointerleave", () => { tip.hidden = true; });
}
