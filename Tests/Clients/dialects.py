"""One question in each dialect, for scripts that ask without a client: paths, bodies, texts and refusals."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, NamedTuple

MESSAGES = [{"role": "user", "content": "Hello"}]
SEED = 7


class Dialect(NamedTuple):
    """How one dialect asks, and how it answers."""

    path: str
    # The body of a request for so many tokens.
    body: Callable[[int], dict]
    # Where a stream is asked for, if not by `stream` in the body.
    stream_path: str | None
    # The text of a whole answer.
    text: Callable[[Any], str]
    # Whether status and body are a refusal for want of room, in its words.
    is_refusal: Callable[[int, Any], bool]


def chat(tokens):
    return {"messages": MESSAGES, "max_tokens": tokens, "seed": SEED}


def chat_text(body):
    return body["choices"][0]["message"]["content"]


def is_openai_refusal(status, body):
    return status == 429 and body["error"]["code"] == "rate_limit_exceeded"


DIALECTS = {
    "OpenAI": Dialect("/v1/chat/completions", chat, None, chat_text, is_openai_refusal),
    "Responses": Dialect(
        "/v1/responses", lambda tokens: {"input": "Hello", "max_output_tokens": tokens, "seed": SEED}, None,
        lambda body: body["output"][0]["content"][0]["text"], is_openai_refusal),
    "Anthropic": Dialect(
        "/v1/messages", chat, None, lambda body: body["content"][0]["text"],
        lambda status, body: status == 429 and body["error"]["type"] == "rate_limit_error"),
    "Bedrock": Dialect(
        "/model/meta.llama3/converse",
        lambda tokens: {
            "messages": [{"role": "user", "content": [{"text": "Hello"}]}], "inferenceConfig": {"maxTokens": tokens},
            "additionalModelRequestFields": {"seed": SEED}},
        "/model/meta.llama3/converse-stream", lambda body: body["output"]["message"]["content"][0]["text"],
        lambda status, body: status == 429 and set(body) == {"message"}),
    "Ollama": Dialect(
        "/api/chat",
        lambda tokens: {
            "messages": MESSAGES, "stream": False, "options": {"num_predict": tokens, "seed": SEED}},
        None, lambda body: body["message"]["content"],
        lambda status, body: status == 503 and body["error"].startswith("server busy")),
    "SageMaker": Dialect(
        "/endpoints/llama/invocations", chat, "/endpoints/llama/invocations-response-stream", chat_text,
        lambda status, body: status == 424 and body["OriginalStatusCode"] == 429 or status in (429, 503)),
    "TGI": Dialect(
        "/generate",
        lambda tokens: {
            "inputs": "Hello", "parameters": {"max_new_tokens": tokens, "seed": SEED, "do_sample": True}},
        "/generate_stream", lambda body: body["generated_text"],
        lambda status, body: status == 429 and body["error_type"] == "overloaded"),
    "llama.cpp": Dialect(
        "/completion", lambda tokens: {"prompt": "Hello", "n_predict": tokens, "seed": SEED}, None,
        lambda body: body["content"],
        lambda status, body: status == 503 and body["error"]["type"] == "unavailable_error"),
}


def request(path, body):
    """The bytes of a request that is the only one on its connection."""
    data = json.dumps(body).encode()
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n").encode() + data


def parsed(answer):
    """The status of an answer that was read to its end, and its body; an error where it was cut."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in head.lower():
        rest = unchunked(rest)
    elif len(rest) < length(head):
        raise ValueError("a body that is too short")
    return int(head.split()[1]), rest


def length(head):
    fields = [line.partition(b":") for line in head.lower().split(b"\r\n")]
    return next((int(value) for name, _, value in fields if name == b"content-length"), 0)


def unchunked(data):
    body = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        count = int(size, 16)
        if count == 0:
            return body
        body, data = body + data[:count], data[count + 2:]
    raise ValueError("a body that does not end")


async def ask(address, data, gate=None):
    """The status and body of the answer to a request's bytes; the connection is open before the gate opens."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        if gate:
            await gate.wait()
        writer.write(data)
        await writer.drain()
        return parsed(await asyncio.wait_for(reader.read(), 300))
    finally:
        writer.close()
