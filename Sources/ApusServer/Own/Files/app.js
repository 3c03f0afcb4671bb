// The chat page: one conversation at a time, all of them kept by the server.

import * as api from "./api.js";
import * as settings from "./settings.js";
import * as status from "./status.js";
import { entry, followPointer } from "./messages.js";

const element = id => document.getElementById(id);
const [list, question, said] = ["messages", "question", "said"].map(element);
let conversation = fresh();
let answering;

function fresh() { return { id: crypto.randomUUID(), title: "", messages: [] }; }

// MARK: Messages

function showAll() {
  list.replaceChildren(...conversation.messages.map(message => entry(message, act)));
  element("title").textContent = conversation.title || "Apus";
  list.scrollTop = list.scrollHeight;
}

function add(message) {
  conversation.messages.push(message);
  const node = entry(message, act);
  list.append(node);
  list.scrollTop = list.scrollHeight;
  return node;
}

async function act(name, message) {
  if (name === "Copy") return navigator.clipboard.writeText(message.content);
  if (answering) return;
  const place = conversation.messages.indexOf(message);
  if (name === "Edit") {
    question.value = message.content;
    conversation.messages.length = place;
    showAll();
    grow();
    question.focus();
  } else {
    conversation.messages.length = place;
    showAll();
    await answer();
  }
}

async function send() {
  const text = question.value.trim();
  if (!text || answering) return;
  question.value = "";
  grow();
  conversation.title ||= text.slice(0, 60);
  element("title").textContent = conversation.title;
  add({ role: "user", content: text });
  await answer();
}

async function answer() {
  const message = { role: "assistant", content: "", isComing: true };
  const request = {
    model: element("model").value || undefined, ...settings.sampling(),
    messages: [
      ...(settings.system() ? [{ role: "system", content: settings.system() }] : []),
      ...conversation.messages.map(({ role, content }) => ({ role, content })),
    ],
  };
  const own = conversation;
  const node = add(message);
  answering = new AbortController();
  busy(true);
  let drawing = 0;
  const draw = () => {
    drawing = 0;
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
    node.update();
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  };
  try {
    await api.answer(request, answering.signal, choice => {
      take(choice, message);
      drawing ||= requestAnimationFrame(draw);
    });
  } catch (error) {
    if (error.name !== "AbortError") message.failure = error.message;
    if (error.status === 401) element("settings").showModal();
  }
  delete message.isComing;
  cancelAnimationFrame(drawing);
  draw();
  answering = undefined;
  busy(false);
  said.textContent = message.failure ?? message.content;
  await keep(own);
}

/** Takes in one choice of a frame. */
function take(choice, message) {
  const delta = choice.delta ?? {};
  message.content += delta.content ?? "";
  if (delta.reasoning_content) message.reasoning = (message.reasoning ?? "") + delta.reasoning_content;
  for (const token of choice.logprobs?.content ?? []) {
    const top = token.top_logprobs.map(other => [other.token, other.logprob]);
    (message.tokens ??= []).push({ text: token.token, logprob: token.logprob, top });
  }
  if (choice.finish_reason === "length") message.failure = "Cut: no more tokens were allowed, or the context is full.";
}

function busy(isBusy) {
  element("send").hidden = isBusy;
  element("stop").hidden = !isBusy;
  list.setAttribute("aria-busy", isBusy);
  if (isBusy) said.textContent = "The model answers.";
}

// MARK: Conversations

async function keep(which) {
  const { id, title, messages } = which;
  try {
    await api.keep(id, { title, messages: messages.map(({ isComing, ...rest }) => rest) });
    note("");
  } catch (error) {
    note("Not kept: " + error.message);
  }
  await listAll();
}

function note(text) { element("kept").textContent = text; }

async function listAll() {
  let all;
  try {
    all = await api.conversations();
  } catch (error) {
    return note(error.message);
  }
  element("conversations").replaceChildren(...all.map(({ id, title }) => {
    const open = Object.assign(document.createElement("button"), { type: "button", className: "open", textContent: title || "(no title)" });
    open.setAttribute("aria-current", id === conversation.id);
    open.onclick = () => openConversation(id);
    const drop = Object.assign(document.createElement("button"), { type: "button", className: "drop", textContent: "×" });
    drop.setAttribute("aria-label", "Delete " + title);
    drop.onclick = () => dropConversation(id);
    const line = document.createElement("li");
    line.append(open, drop);
    return line;
  }));
}

async function openConversation(id) {
  answering?.abort();
  try {
    conversation = { ...await api.load(id), id };
  } catch (error) {
    return note(error.message);
  }
  side(false);
  showAll();
  question.focus();
  await listAll();
}

async function dropConversation(id) {
  try {
    await api.drop(id);
  } catch (error) {
    return note(error.message);
  }
  if (id === conversation.id) start();
  await listAll();
}

function start() {
  answering?.abort();
  conversation = fresh();
  side(false);
  showAll();
  listAll();
  question.focus();
}

// MARK: Everything else

function side(isOpen) {
  element("side").classList.toggle("open", isOpen);
  element("show-side").setAttribute("aria-expanded", isOpen);
}

function grow() {
  question.style.height = "auto";
  question.style.height = question.scrollHeight + 2 + "px";
}

async function listModels() {
  try {
    const select = element("model");
    for (const { id } of await api.models()) select.append(new Option(id, id));
    if (settings.model()) select.value = settings.model();
    if (select.selectedIndex < 0) select.selectedIndex = 0;
  } catch (error) {
    note(error.message);
    if (error.status === 401) element("settings").showModal();
  }
}

element("ask").onsubmit = event => { event.preventDefault(); send(); };
element("stop").onclick = () => answering?.abort();
element("new").onclick = start;
element("model").onchange = event => settings.setModel(event.target.value);
element("show-settings").onclick = () => element("settings").showModal();
element("settings").onclose = () => { if (!element("model").length) { listModels(); listAll(); } };
element("show-status").onclick = () => status.open(element("status"), element("figures"), element("plot"));
element("show-side").onclick = () => side(true);
element("hide-side").onclick = () => side(false);
question.oninput = grow;
question.onkeydown = event => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    send();
  } else if (event.key === "ArrowUp" && !question.value) {
    const mine = conversation.messages.findLast(message => message.role === "user");
    if (mine) act("Edit", mine);
  }
};
document.addEventListener("keydown", event => {
  if (event.key === "Escape") answering?.abort();
  if (event.altKey && event.code === "KeyN") { event.preventDefault(); start(); }
});

settings.begin(api.key);
followPointer(list, element("tip"));
listModels();
listAll();
