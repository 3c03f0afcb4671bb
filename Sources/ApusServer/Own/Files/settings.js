// What the user has set, kept in the browser.

const name = "apus.settings";
const fields = {
  temperature: ["Temperature", 0, 2, 0.05], top_p: ["Top p", 0, 1, 0.01], top_k: ["Top k", 0, 1000, 1],
  min_p: ["Min p", 0, 1, 0.01], repeat_penalty: ["Repetition penalty", 0.5, 2, 0.01],
  max_tokens: ["Most tokens", 1, 1000000, 1], seed: ["Seed", 0, 4294967295, 1],
};
const element = id => document.getElementById(id);
const kept = JSON.parse(localStorage.getItem(name) ?? "{}");

function save() { localStorage.setItem(name, JSON.stringify(kept)); }

/** The request's fields: what is not set is the model's own. */
export function sampling() {
  const request = {};
  for (const field of Object.keys(fields)) if (kept[field] !== undefined) request[field] = kept[field];
  if (kept.probabilities) Object.assign(request, { logprobs: true, top_logprobs: 5 });
  return request;
}

export const system = () => kept.system ?? "";
export const model = () => kept.model;
export function setModel(value) { kept.model = value; save(); }

export function begin(key) {
  for (const [field, [label, min, max, step]] of Object.entries(fields)) {
    const input = Object.assign(document.createElement("input"), { type: "number", id: field, min, max, step, placeholder: "as the model" });
    const node = document.createElement("label");
    node.append(label, input);
    element("sampling").append(node);
    input.oninput = () => {
      kept[field] = input.value === "" || !input.validity.valid ? undefined : Number(input.value);
      save();
    };
  }
  element("system").oninput = event => { kept.system = event.target.value; save(); };
  element("probabilities").onchange = event => { kept.probabilities = event.target.checked; save(); };
  element("theme").onchange = event => { kept.theme = event.target.value; save(); show(key); };
  element("key").onchange = event => key.set(event.target.value);
  element("reset").onclick = () => {
    for (const field of Object.keys(kept)) delete kept[field];
    save();
    show(key);
  };
  show(key);
}

function show(key) {
  for (const field of Object.keys(fields)) element(field).value = kept[field] ?? "";
  element("system").value = system();
  element("probabilities").checked = !!kept.probabilities;
  element("theme").value = kept.theme ?? "";
  element("key").value = key.get();
  if (kept.theme) document.documentElement.dataset.theme = kept.theme;
  else delete document.documentElement.dataset.theme;
}
