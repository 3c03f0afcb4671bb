// The status view: asks once a second while it is open.

import * as api from "./api.js";

const history = [];
let timer, last;

export function open(dialog, figures, plot) {
  dialog.showModal();
  history.length = 0;
  last = undefined;
  const update = async () => {
    try {
      show(await api.status(), figures);
      draw(plot);
    } catch (error) {
      figures.textContent = error.message;
    }
  };
  update();
  timer = setInterval(update, 1000);
  dialog.addEventListener("close", () => clearInterval(timer), { once: true });
}

function show(status, figures) {
  const now = performance.now();
  const tokens = status.models.reduce((sum, model) => sum + model.completion_tokens, 0);
  if (last) history.push(Math.max(0, (tokens - last.tokens) / ((now - last.now) / 1000)));
  if (history.length > 120) history.shift();
  last = { now, tokens };
  const rows = [["Model", "Running", "Waiting", "KV memory", "Context"]];
  for (const model of status.models) {
    const used = model.kv_blocks ? Math.round(100 * model.kv_blocks_used / model.kv_blocks) + " %" : "";
    rows.push(model.loaded ? [model.name, model.running, model.waiting, used, model.context] : [model.name, "not loaded", "", "", ""]);
  }
  const table = document.createElement("table");
  rows.forEach((row, index) => {
    const line = table.insertRow();
    for (const cell of row) {
      const node = document.createElement(index ? "td" : "th");
      if (!index) node.scope = "col";
      node.textContent = cell;
      line.append(node);
    }
  });
  const speed = document.createElement("p");
  speed.textContent = `${(history.at(-1) ?? 0).toFixed(1)} tokens per second`;
  figures.replaceChildren(table, speed);
}

function draw(plot) {
  const context = plot.getContext("2d");
  const { width, height } = plot;
  const style = getComputedStyle(plot);
  context.clearRect(0, 0, width, height);
  const top = Math.max(1, ...history) * 1.1;
  context.strokeStyle = style.getPropertyValue("--line");
  context.fillStyle = style.getPropertyValue("--faint");
  context.font = "12px system-ui, sans-serif";
  for (let part = 0; part <= 2; part++) {
    const y = height - 8 - part / 2 * (height - 24);
    context.beginPath();
    context.moveTo(40, y);
    context.lineTo(width, y);
    context.stroke();
    context.fillText((top * part / 2).toFixed(top < 10 ? 1 : 0), 2, y + 4);
  }
  context.strokeStyle = style.getPropertyValue("--mark");
  context.lineWidth = 2;
  context.beginPath();
  history.forEach((value, index) => {
    const x = width - (history.length - 1 - index) * (width - 40) / 119;
    context.lineTo(x, height - 8 - value / top * (height - 24));
  });
  context.stroke();
  plot.setAttribute("aria-label", `Tokens per second over the last two minutes; now ${(history.at(-1) ?? 0).toFixed(1)}`);
}
