"""Drives a server with the unmodified `ollama` client, and checks what clients rely on.

Usage: ollama_client.py APUS MODEL

Starts `APUS serve` with MODEL under two names on a free port. MODEL is any small model with a chat template.
Needs the packages that `run` installs. Prints one line for each check and exits 0 if all hold.
"""

import asyncio
import datetime
import functools
import json
import tempfile
import time
import urllib.error
import urllib.request

import ollama

import harness
from harness import Server, check, run

SEED = {"seed": 7, "num_predict": 24}
HELLO = [{"role": "user", "content": "Name three birds."}]

raised = functools.partial(harness.raised, ollama.ResponseError)


def check_generate(client):
    whole = client.generate("one", "Name three birds.", options=SEED)
    check("generate: text, reason and counts",
          whole.response and whole.done and whole.done_reason in ("stop", "length"))
    check("generate: counts", whole.prompt_eval_count > 0 and 0 < whole.eval_count <= 24, str(whole.eval_count))
    check("generate: times", whole.total_duration >= whole.eval_duration > 0 and whole.load_duration > 0)
    created = datetime.datetime.fromisoformat(whole.created_at.replace("Z", "+00:00"))
    age = datetime.datetime.now(datetime.timezone.utc) - created
    check("generate: time of day", abs(age.total_seconds()) < 60, str(age))
    parts = list(client.generate("one", "Name three birds.", options=SEED, stream=True))
    check("generate: a stream gives the same text", "".join(part.response for part in parts) == whole.response)
    check("generate: the last part ends", parts[-1].done and not any(part.done for part in parts[:-1]))
    check("generate: the same context", list(parts[-1].context) == list(whole.context))
    again = client.generate("one", "And one more?", context=whole.context, options=SEED)
    check("generate: goes on from a context", again.prompt_eval_count > len(whole.context), again.response)
    raw = client.generate("one", "Once upon a time", raw=True, options=SEED)
    check("generate: raw", raw.response and raw.context is None)
    stop = raw.response[4:7]
    stopped = client.generate("one", "Once upon a time", raw=True, options={**SEED, "stop": [stop]})
    check("generate: stop", stop not in stopped.response and stopped.done_reason == "stop")
    likely = client.generate("one", "Once", options={"num_predict": 3}, logprobs=True, top_logprobs=2)
    check("generate: logprobs", len(likely.logprobs) > 0 and len(likely.logprobs[0].top_logprobs) == 2)
    loaded = client.generate("one")
    check("generate: nothing asked loads", loaded.done_reason == "load" and loaded.response == "")


def check_chat(client, url):
    whole = client.chat("one", HELLO, options=SEED)
    check("chat: a message", whole.message.role == "assistant" and whole.message.content)
    parts = list(client.chat("one", HELLO, options=SEED, stream=True))
    text = "".join(part.message.content for part in parts)
    check("chat: a stream gives the same text", text == whole.message.content, repr(text))
    check("chat: generate gives the same text",
          client.generate("one", HELLO[0]["content"], options=SEED).response == text)
    body = json.dumps({"model": "one", "messages": HELLO, "max_tokens": 24, "seed": 7}).encode()
    with urllib.request.urlopen(url + "/v1/chat/completions", body) as reply:
        other = json.load(reply)["choices"][0]["message"]["content"]
    check("chat: OpenAI's path gives the same text", other == text, repr(other))
    schema = {
        "type": "object", "required": ["name", "age"], "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "maxLength": 12}, "age": {"type": "integer", "minimum": 0, "maximum": 99}},
    }
    formed = client.chat("one", HELLO, format=schema, options={"seed": 1})
    value = json.loads(formed.message.content)
    check("chat: a schema is kept", sorted(value) == ["age", "name"] and formed.done_reason == "stop",
          formed.message.content)
    open_format = client.chat("one", HELLO, format="json", options={"seed": 1, "num_predict": 200})
    check("chat: format json", open_format.message.content.lstrip().startswith("{"), open_format.message.content)
    likely = client.chat("one", HELLO, options={"num_predict": 2}, logprobs=True)
    check("chat: logprobs", len(likely.logprobs) == 2 and likely.logprobs[0].logprob <= 0)


def add(a: int, b: int) -> int:
    """Adds two numbers.

    Args:
      a: The first number.
      b: The second number.
    """
    return a + b


def check_tools(client, url):
    tools = client.chat("one", HELLO, tools=[add], options=SEED)
    check("tools: functions of Python are taken", tools.done)
    conversation = [
        {"role": "user", "content": "What is 2 + 3?"},
        {"role": "assistant", "tool_calls": [{"function": {"name": "add", "arguments": {"a": 2, "b": 3}}}]},
        {"role": "tool", "content": "5", "tool_name": "add"},
    ]
    answer = client.chat("one", conversation, tools=[add], options=SEED)
    check("tools: a conversation with calls and results", answer.message.content or answer.message.tool_calls)
    parts = list(client.chat("one", HELLO, tools=[add], options=SEED, stream=True))
    check("tools: streamed", parts[-1].done)
    body = {
        "model": "one", "messages": conversation[:1], "options": {"seed": 1}, "stream": False,
        "tool_choice": "required",
        "tools": [{"type": "function", "function": {"name": "add", "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer", "maximum": 9}, "b": {"type": "integer", "maximum": 9}},
            "required": ["a", "b"], "additionalProperties": False}}}],
    }
    request = urllib.request.Request(url + "/api/chat", json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request) as reply:
            message = ollama.ChatResponse(**json.load(reply)).message
    except urllib.error.HTTPError as error:
        # Where calls cannot be required yet, that is said by name.
        check("tools: tool_choice is refused by name", error.code == 400 and "tool_choice" in error.read().decode())
        return
    arguments = message.tool_calls[0].function.arguments
    check("tools: a required call has arguments as an object", sorted(arguments) == ["a", "b"], str(message))


def check_models(client):
    models = client.list().models
    check("list: both names, with a tag", [model.model for model in models] == ["one:latest", "two:latest"])
    check("list: size, digest and details", models[0].size > 1e6 and len(models[0].digest) == 64
          and models[0].details.format == "gguf" and models[0].details.parameter_size)
    check("list: times", models[0].modified_at is not None)
    shown = client.show("one")
    family = shown.details.family
    check("show: the context", shown.modelinfo[family + ".context_length"] > 0)
    check("show: capabilities", "completion" in shown.capabilities and shown.template)
    running = client.ps().models
    check("ps: the loaded one", [model.model for model in running] == ["one:latest"] and running[0].size > 1e6)
    check("ps: its context is the one shown", running[0].context_length == shown.modelinfo[family + ".context_length"])
    check("tags: a name with a tag answers", client.generate("one:latest", "Hi", options={"num_predict": 1}).done)
    check("copy", client.copy("one", "mine").status == "success")
    check("copy: the name answers", client.generate("mine", "Hi", options=SEED).response
          == client.generate("one", "Hi", options=SEED).response)
    check("create: from a model", client.create("other", from_="mine").status == "success")
    check("create: streamed", [part.status for part in client.create("other", from_="one", stream=True)] == ["success"])
    check("list: the new names", len(client.list().models) == 4)
    check("delete", client.delete("mine").status == "success" and client.delete("other").status == "success")
    brief = {"temperature": 0, "num_predict": 8}
    made = client.create("brief", from_="one", system="Answer in one word.", parameters=brief, license="MIT")
    check("create: with a system message and parameters", made.status == "success")
    shown = client.show("brief")
    check("create: show gives it back", 'SYSTEM """Answer in one word."""' in shown.modelfile
          and "num_predict 8" in shown.parameters and shown.license == "MIT", shown.modelfile)
    system = [{"role": "system", "content": "Answer in one word."}]
    check("create: a chat begins with it", client.chat("brief", HELLO).message.content
          == client.chat("one", system + HELLO, options=brief).message.content)
    error = raised(lambda: client.create("go", from_="one", template="{{ .System }} {{ .Prompt }}"))
    check("create: a template of Go is refused", error.status_code == 400 and "Jinja" in error.error, str(error))
    client.delete("brief")
    check("delete: the name is gone", raised(lambda: client.generate("mine", "Hi")).status_code == 404)
    check("delete: not a model of the operator", raised(lambda: client.delete("one")).status_code == 400)
    check("pull: what is there", client.pull("one").status == "success")
    error = raised(lambda: client.pull("llama3.2"))
    check("pull: what is not", error.status_code == 400 and "no model store" in error.error, str(error))
    check("pull: streamed", raised(lambda: list(client.pull("llama3.2", stream=True))) is not None)
    check("push", raised(lambda: client.push("one")) is not None)
    with tempfile.NamedTemporaryFile() as blob:
        blob.write(b"GGUF")
        blob.flush()
        check("create_blob", raised(lambda: client.create_blob(blob.name)).status_code == 400)


def check_keep_alive(client):
    client.generate("two", "Hi", options={"num_predict": 1}, keep_alive="10m")
    expiry = {model.model: model.expires_at for model in client.ps().models}["two:latest"]
    left = (expiry - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    check("keep_alive: ps tells when", 500 < left < 610, str(left))
    check("keep_alive: 0 unloads", client.generate("two", keep_alive=0).done_reason == "unload")
    deadline = time.monotonic() + 20
    while len(client.ps().models) > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    check("keep_alive: it is gone", [model.model for model in client.ps().models] == ["one:latest"])
    check("keep_alive: and comes again", client.chat("two", HELLO, options={"num_predict": 1}, keep_alive=-1).done)


def check_embed(client):
    error = raised(lambda: client.embed("one", "a bird"))
    check("embed: a model that generates says what to do", error.status_code == 400 and "pooling" in error.error,
          str(error))
    options = {"pooling": "mean"}
    both = client.embed("one", ["a bird", "a stone"], options=options)
    check("embed: two vectors of length 1", len(both.embeddings) == 2
          and all(abs(sum(x * x for x in vector) - 1) < 1e-3 for vector in both.embeddings))
    check("embed: counts and times", both.prompt_eval_count > 2 and both.total_duration > 0)
    short = client.embed("one", "a bird", options=options, dimensions=16).embeddings[0]
    check("embed: dimensions", len(short) == 16 and abs(sum(x * x for x in short) - 1) < 1e-3)
    old = client.embeddings("one", "a bird", options=options).embedding
    length = sum(x * x for x in old) ** 0.5
    check("embeddings: the same direction", all(abs(x / length - y) < 1e-3 for x, y in zip(old, both.embeddings[0])))
    check("embed: nothing", client.embed("one", []).embeddings == [])


def check_errors(client):
    error = raised(lambda: client.generate("three", "Hi"))
    check("errors: unknown model", error.status_code == 404 and error.error == "model 'three' not found", str(error))
    error = raised(lambda: client.chat("one", HELLO, options={"temperature": "hot"}))
    check("errors: type of an option", error.error == 'option "temperature" must be of type float32', str(error))
    error = raised(lambda: list(client.chat("one", HELLO, options={"top_p": 2}, stream=True)))
    check("errors: before a stream", error.status_code == 400 and "options.top_p" in error.error, str(error))
    error = raised(lambda: client.generate("one", "word " * 100_000))
    check("errors: context", error.status_code == 400 and "maximum context length" in error.error, str(error))
    error = raised(lambda: client.chat("one", [{"role": "user", "content": "x", "images": ["aGVsbG8="]}]))
    check("errors: images", error.status_code == 400 and "images" in error.error, str(error))
    error = raised(lambda: client.generate("one", "x", suffix="y"))
    check("errors: suffix", error.status_code == 400 and "suffix" in error.error, str(error))


async def check_async(url):
    client = ollama.AsyncClient(url)
    whole = await client.chat("one", HELLO, options=SEED)
    parts = [part async for part in await client.chat("one", HELLO, options=SEED, stream=True)]
    check("async: a stream gives the same text",
          "".join(part.message.content for part in parts) == whole.message.content)
    texts = await asyncio.gather(*[client.generate("one", "Name three birds.", options=SEED) for _ in range(4)])
    check("async: four at once say the same", len({text.response for text in texts}) == 1)
    check("async: lists", len((await client.list()).models) == 2 and len((await client.ps()).models) >= 1)


def check_key(apus, model):
    with Server(apus, model, "--api-key", "right") as server:
        error = raised(lambda: ollama.Client(server.url).list())
        check("key: none is refused", error is not None and error.status_code == 401, str(error))
        client = ollama.Client(server.url, headers={"Authorization": "Bearer right"})
        check("key: the right one is not", len(client.list().models) == 1)
        check("one model: any name is answered",
              client.generate("llama3.2", "Hi", options={"num_predict": 1}).model == "llama3.2")
        check("SIGTERM exits with 0", server.stop() == 0)


def main(apus, model):
    with Server(apus, f"one={model}", f"two={model}") as server:
        client = ollama.Client(server.url)
        check_generate(client)
        check_chat(client, server.url)
        check_tools(client, server.url)
        check_models(client)
        check_keep_alive(client)
        check_embed(client)
        check_errors(client)
        asyncio.run(check_async(server.url))
        check("SIGTERM exits with 0", server.stop() == 0)
        check_key(apus, model)


if __name__ == "__main__":
    run(main, __doc__)
