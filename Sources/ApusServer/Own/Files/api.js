// What the page asks the server for.

const keyName = "apus.key";

export const key = {
  get: () => sessionStorage.getItem(keyName) ?? "",
  set: value => sessionStorage.setItem(keyName, value),
};

/** A request whose refusal is an error with the server's words. */
async function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (options.body) headers["content-type"] = "application/json";
  if (key.get()) headers.authorization = "Bearer " + key.get();
  const response = await fetch(path, { ...options, headers });
  if (response.ok) return response;
  let message = `${response.status} ${response.statusText}`;
  try {
    message = (await response.json()).error.message ?? message;
  } catch { }
  throw Object.assign(new Error(message), { status: response.status });
}

export const models = async () => (await (await ask("v1/models")).json()).data;
export const status = async () => (await ask("apus/status")).json();
export const conversations = async () => (await (await ask("apus/conversations")).json()).conversations;
export const load = async id => (await ask("apus/conversations/" + id)).json();
export const drop = id => ask("apus/conversations/" + id, { method: "DELETE" });
export const keep = (id, conversation) =>
  ask("apus/conversations/" + id, { method: "PUT", body: JSON.stringify(conversation) });

/** Answers `request`, piece by piece: calls `onDelta` with each choice of the stream. */
export async function answer(request, signal, onDelta) {
  const response = await ask("v1/chat/completions", { method: "POST", body: JSON.stringify({ ...request, stream: true }), signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (!line.startsWith("data: {")) continue;
      const frame = JSON.parse(line.slice(6));
      if (frame.error) throw new Error(frame.error.message);
      for (const choice of frame.choices) onDelta(choice);
    }
  }
}
