"""Drives a server with the unmodified `openai` client, and checks what clients rely on.

Usage: openai_client.py APUS MODEL

Starts `APUS serve MODEL` on a free port. MODEL is any small model; one with a chat template is also asked to chat.
Needs the packages that `run` installs. Prints one line for each check and exits 0 if all hold.
"""

import concurrent.futures
import functools
import json
import signal
import socket
import urllib.request

import openai

import harness
from harness import check, run

QUEUE = 2
raised = functools.partial(harness.raised, openai.APIStatusError)


class Server(harness.Server):
    """A server with a short queue."""

    def __init__(self, apus, model, *options, **settings):
        super().__init__(apus, model, "--queue", str(QUEUE), *options, **settings)

    def client(self, **options):
        settings = {"base_url": self.url + "/v1", "api_key": "none", "max_retries": 0, "timeout": 60}
        return openai.OpenAI(**{**settings, **options})


def check_models(client):
    models = client.models.list()
    check("models: one is listed", len(models.data) == 1 and models.data[0].object == "model")
    check("models: any name is found", client.models.retrieve("gpt-4/x").id == "gpt-4/x")


def check_completions(client):
    options = {"model": "any", "prompt": "Once upon a time", "max_tokens": 24, "seed": 7}
    first = client.completions.create(**options)
    second = client.completions.create(**options)
    check("completions: the same seed gives the same text", first.choices[0].text == second.choices[0].text)
    check("completions: the name is echoed", first.model == "any")
    check("completions: usage adds up", first.usage.total_tokens == first.usage.prompt_tokens + first.usage.completion_tokens)
    check("completions: finish reason", first.choices[0].finish_reason in ("stop", "length"))

    frames = list(client.completions.create(**options, stream=True, stream_options={"include_usage": True}))
    text = "".join(choice.text for frame in frames for choice in frame.choices)
    check("completions: a stream gives the same text", text == first.choices[0].text, repr(text))
    check("completions: a stream ends with usage", frames[-1].usage.total_tokens == first.usage.total_tokens)

    several = client.completions.create(**options, n=3)
    check("completions: n choices", [choice.index for choice in several.choices] == [0, 1, 2])
    check("completions: the first of n is the only one", several.choices[0].text == first.choices[0].text)
    both = client.completions.create(**{**options, "prompt": ["Once", "The"]}, n=2)
    check("completions: prompts times n", [choice.index for choice in both.choices] == [0, 1, 2, 3])

    stop = first.choices[0].text[4:7]
    stopped = client.completions.create(**options, stop=stop)
    check("completions: stop", stop not in stopped.choices[0].text and stopped.choices[0].finish_reason == "stop")
    likely = client.completions.create(**options, logprobs=3).choices[0].logprobs
    check("completions: logprobs", len(likely.tokens) == len(likely.token_logprobs) == len(likely.top_logprobs) > 0)
    forbidden = client.completions.create(**options, temperature=0, extra_body={"top_k": 5, "min_p": 0.1})
    check("completions: extra fields", forbidden.choices[0].text != "")


def check_chat(client):
    messages = [{"role": "user", "content": "Hello"}]
    options = {"model": "any", "messages": messages, "max_completion_tokens": 16, "seed": 3}
    answer = client.chat.completions.create(**options)
    check("chat: role", answer.choices[0].message.role == "assistant")
    frames = list(client.chat.completions.create(**options, stream=True))
    text = "".join(frame.choices[0].delta.content or "" for frame in frames if frame.choices)
    check("chat: a stream gives the same text", text == answer.choices[0].message.content, repr(text))
    check("chat: the first delta names the role", frames[0].choices[0].delta.role == "assistant")
    parts = [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]
    again = client.chat.completions.create(**{**options, "messages": parts})
    check("chat: content in parts", again.choices[0].message.content == answer.choices[0].message.content)
    likely = client.chat.completions.create(**options, logprobs=True, top_logprobs=2).choices[0].logprobs
    check("chat: logprobs", len(likely.content) > 0 and len(likely.content[0].top_logprobs) == 2)


def check_errors(client, has_chat):
    base = {"model": "any", "prompt": "a"}
    for name, fields, parameter in [
        ("temperature", {"temperature": 3}, "temperature"), ("n", {"n": 0}, "n"),
        ("type", {"extra_body": {"max_tokens": True}}, "max_tokens"),
        ("logit_bias", {"extra_body": {"logit_bias": "x"}}, "logit_bias"),
    ]:
        error = raised(lambda: client.completions.create(**{**base, **fields}))
        check(f"errors: {name}", isinstance(error, openai.BadRequestError) and error.param == parameter, repr(error))
    error = raised(lambda: client.completions.create(**{**base, "prompt": "word " * 100_000}))
    check("errors: context", isinstance(error, openai.BadRequestError) and error.code == "context_length_exceeded")
    error = raised(lambda: client.moderations.create(model="any", input="a"))
    check("errors: unknown path", isinstance(error, openai.NotFoundError), repr(error))
    if not has_chat:
        error = raised(lambda: client.chat.completions.create(model="any", messages=[{"role": "user", "content": "a"}]))
        check("errors: no chat template", isinstance(error, openai.BadRequestError), repr(error))


def check_queue(server):
    """More clients at once than there is room for: some are served, the others get 429 at once."""
    def one(_):
        try:
            server.client().completions.create(
                model="any", prompt="a", max_tokens=400, extra_body={"ignore_eos": True})
            return 200
        except openai.APIStatusError as error:
            return error.status_code

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        statuses = list(pool.map(one, range(32)))
    check("queue: served or 429", set(statuses) == {200, 429}, str(sorted(set(statuses))))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        patient = server.client(max_retries=20)
        texts = list(pool.map(lambda _: patient.completions.create(model="any", prompt="a", max_tokens=2).model, range(8)))
    check("queue: retries are served", texts == ["any"] * 8)


def check_disconnect(server, client):
    """A client that leaves in the middle of a stream does not keep the engine."""
    for _ in range(8):
        stream = client.completions.create(
            model="any", prompt="a", max_tokens=400, stream=True, extra_body={"ignore_eos": True})
        next(iter(stream))
        stream.close()
    answer = server.client(timeout=20, max_retries=5).completions.create(model="any", prompt="a", max_tokens=1)
    check("disconnect: the next request is served", answer.model == "any")


def check_drain(server):
    """SIGTERM lets a running stream end, refuses others, and the program exits with 0."""
    address = server.url.removeprefix("http://").split(":")
    body = json.dumps({"prompt": "a", "max_tokens": 400, "ignore_eos": True, "stream": True}).encode()
    with socket.create_connection((address[0], int(address[1]))) as connection:
        head = f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        connection.sendall(head + body)
        received = connection.recv(65536)
        server.process.send_signal(signal.SIGTERM)
        while chunk := connection.recv(65536):
            received += chunk
    check("drain: the running stream ends in order", b"[DONE]" in received and b'data: {"error"' not in received)
    check("drain: exit code 0", server.process.wait(timeout=60) == 0)
    try:
        urllib.request.urlopen(server.url + "/v1/models", timeout=5).close()
        refusal = None
    except OSError as error:
        refusal = error
    check("drain: nothing new is taken", refusal is not None)
    lines = [json.loads(line) for line in server.lines if line.startswith("{")]
    check("log: every line is JSON, and requests are named", any(line.get("path") == "/v1/completions" for line in lines))


def check_key(apus, model):
    server = Server(apus, model, "--api-key", "right")
    error = raised(lambda: server.client(api_key="wrong").models.list())
    check("key: a wrong one is refused", isinstance(error, openai.AuthenticationError), repr(error))
    check("key: the right one is not", len(server.client(api_key="right").models.list().data) == 1)
    check("key: SIGTERM without work exits with 0", server.stop() == 0)


def main(apus, model):
    with Server(apus, model) as server:
        client = server.client()
        check_models(client)
        check_completions(client)
        messages = [{"role": "user", "content": "a"}]
        has_chat = raised(lambda: client.chat.completions.create(model="any", messages=messages, max_tokens=1)) is None
        if has_chat:
            check_chat(client)
        check_errors(client, has_chat)
        check_queue(server)
        check_disconnect(server, client)
        check_drain(server)
        check_key(apus, model)


if __name__ == "__main__":
    run(main, __doc__)
