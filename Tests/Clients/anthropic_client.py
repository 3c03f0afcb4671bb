"""Drives a server with the unmodified `anthropic` client, and checks what clients rely on.

Usage: anthropic_client.py APUS MODEL

Starts `APUS serve MODEL` on a free port. MODEL is any small model with a chat template. Needs the packages that
`run` installs. Prints one line for each check and exits 0 if all hold.
"""

import asyncio
import functools
import json
import re

import anthropic
from anthropic import beta_tool

import harness
from harness import Server, check, run

HELLO = [{"role": "user", "content": "Say hello."}]
TOOL = {
    "name": "get_weather", "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Ulm"}}\n</tool_call>'

raised = functools.partial(harness.raised, anthropic.APIStatusError)


def check_messages(client):
    options = {"model": "claude-any", "max_tokens": 24, "messages": HELLO, "extra_body": {"seed": 7}}
    first = client.messages.create(**options)
    second = client.messages.create(**options)
    check("messages: the same seed gives the same text", first.content[0].text == second.content[0].text)
    check("messages: shape", (first.type, first.role, first.model) == ("message", "assistant", "claude-any"))
    check("messages: stop reason", first.stop_reason in ("end_turn", "max_tokens"))
    check("messages: the client finds the request's id", (first._request_id or "").startswith("req_"))
    usage = second.usage
    check("messages: usage", usage.output_tokens > 0 and usage.cache_read_input_tokens > 0, str(usage))

    with client.messages.stream(**options) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    check("stream: the same text", text == first.content[0].text == final.content[0].text, repr(text))
    check("stream: usage", final.usage.output_tokens == first.usage.output_tokens, str(final.usage))
    check("stream: stop reason", final.stop_reason == first.stop_reason)
    names = [event.type for event in client.messages.create(**options, stream=True)]
    pattern = "message_start content_block_start( content_block_delta)+ content_block_stop message_delta message_stop"
    check("stream: the order of events", re.fullmatch(pattern, " ".join(names)) is not None, str(names))

    stop = first.content[0].text[4:7]
    stopped = client.messages.create(**{**options, "stop_sequences": [stop]})
    check("messages: stop sequence", (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", stop))
    begun = client.messages.create(**{**options, "messages": HELLO + [{"role": "assistant", "content": "Hello"}]})
    check("messages: an answer that was begun", begun.usage.output_tokens > 0 and begun.stop_reason is not None)
    blocks = client.messages.create(**{
        **options, "messages": [{"role": "user", "content": [{"type": "text", "text": "Say hello."}]}]})
    check("messages: content in blocks", blocks.content[0].text == first.content[0].text)
    count = client.messages.count_tokens(model="any", messages=HELLO)
    total = first.usage.input_tokens + first.usage.cache_read_input_tokens
    check("count_tokens: what the answer says", count.input_tokens == total, f"{count} {first.usage}")


def check_models(client):
    models = client.models.list()
    check("models: one is listed", len(models.data) == 1 and models.data[0].type == "model" and not models.has_more)
    check("models: any name is found", client.models.retrieve("claude-any").display_name == "claude-any")
    check("models: a time", models.data[0].created_at.year >= 2024, str(models.data[0]))


def check_billing_header(client):
    """A line that changes from request to request is no part of the prompt."""
    def ask(number):
        system = [
            {"type": "text", "text": f"x-anthropic-billing-header: cc_version=2.1.{number}; cch={number:05x};"},
            {"type": "text", "text": "You are kind. " * 20, "cache_control": {"type": "ephemeral"}},
        ]
        return client.messages.create(model="any", max_tokens=1, system=system, messages=HELLO).usage
    ask(1)
    usage = ask(2)
    check("billing header: the prefix is found again", usage.cache_read_input_tokens > 60, str(usage))


def check_tools(client):
    options = {
        "model": "any", "max_tokens": 100, "tools": [TOOL], "messages": [{"role": "user", "content": "Weather in Ulm?"}],
        "extra_body": {"guided_choice": [CALL]},
    }
    message = client.messages.create(**options)
    block = message.content[0]
    check("tools: a call", (block.type, block.name, block.input) == ("tool_use", "get_weather", {"city": "Ulm"}))
    check("tools: stop reason", message.stop_reason == "tool_use")
    with client.messages.stream(**options) as stream:
        pieces = [event.partial_json for event in stream if event.type == "input_json"]
        final = stream.get_final_message()
    check("tools: streamed input", json.loads("".join(pieces)) == {"city": "Ulm"} == final.content[0].input)
    result = {"type": "tool_result", "tool_use_id": block.id, "content": "sunny, 20 degrees"}
    conversation = options["messages"] + [
        {"role": "assistant", "content": message.content}, {"role": "user", "content": [result]}]
    answer = client.messages.create(model="any", max_tokens=16, tools=[TOOL], messages=conversation)
    check("tools: an answer to a result", answer.usage.input_tokens + answer.usage.cache_read_input_tokens > 0)
    none = client.messages.create(**{**options, "extra_body": {}, "tool_choice": {"type": "none"}})
    check("tools: none", all(block.type == "text" for block in none.content))


def check_tool_runner(client):
    """The client's own loop: it makes the call, sends the result, and gets an answer."""
    made = []

    @beta_tool
    def get_weather(city: str) -> str:
        """The weather of a city.

        Args:
            city: Its name.
        """
        made.append(city)
        return "sunny"

    runner = client.beta.messages.tool_runner(
        model="any", max_tokens=60, tools=[get_weather], messages=[{"role": "user", "content": "Weather in Ulm?"}],
        extra_body={"guided_choice": [CALL]}, max_iterations=2)
    for _ in runner:
        pass
    check("tool runner: the tool was called", made[:1] == ["Ulm"], str(made))


def check_schema(client):
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1, "maximum": 9}},
              "required": ["n"], "additionalProperties": False}
    message = client.messages.create(
        model="any", max_tokens=40, messages=HELLO, output_config={"format": {"type": "json_schema", "schema": schema}})
    check("schema: kept", 1 <= json.loads(message.content[0].text)["n"] <= 9, message.content[0].text)


def check_errors(client, url):
    base = {"model": "any", "max_tokens": 4, "messages": HELLO}
    for name, fields, words in [
        ("max_tokens", {"max_tokens": 0}, "max_tokens: "), ("temperature", {"extra_body": {"temperature": 7}}, "temperature: "),
        ("messages", {"messages": []}, "messages: "), ("prefill", {
            "messages": HELLO + [{"role": "assistant", "content": ""}]}, "messages: "),
        ("image", {"messages": [{"role": "user", "content": [{"type": "image", "source": {
            "type": "base64", "media_type": "image/png", "data": "AA=="}}]}]}, "messages.0.content.0.type: "),
        ("context", {"messages": [{"role": "user", "content": "word " * 100_000}]}, "prompt is too long: "),
    ]:
        error = raised(lambda: client.messages.create(**{**base, **fields}))
        check(f"errors: {name}", isinstance(error, anthropic.BadRequestError) and error.type == "invalid_request_error"
              and error.api_message.startswith(words), repr(error))
    check("errors: the request's id", error.request_id.startswith("req_") and error.body["request_id"] == error.request_id)
    error = raised(lambda: client.messages.batches.list())
    check("errors: unknown path", isinstance(error, anthropic.NotFoundError) and error.type == "not_found_error", repr(error))
    error = raised(lambda: anthropic.Anthropic(base_url=url, api_key="wrong", max_retries=0).messages.create(**base))
    check("errors: without keys everyone is answered", error is None)


async def check_async(url):
    client = anthropic.AsyncAnthropic(base_url=url, api_key="none", max_retries=0)
    options = {"model": "any", "max_tokens": 16, "messages": HELLO, "extra_body": {"seed": 1}}
    whole, *texts = await asyncio.gather(client.messages.create(**options), *[read(client, options) for _ in range(3)])
    check("async: streams beside each other", texts == [whole.content[0].text] * 3, str(texts))


async def read(client, options):
    async with client.messages.stream(**options) as stream:
        return "".join([text async for text in stream.text_stream])


def check_key(apus, model):
    with Server(apus, model, "--api-key", "right") as server:
        url = server.url
        wrong = anthropic.Anthropic(base_url=url, api_key="wrong", max_retries=0)
        error = raised(lambda: wrong.messages.create(model="any", max_tokens=1, messages=HELLO))
        check("key: a wrong one is refused", isinstance(error, anthropic.AuthenticationError)
              and error.type == "authentication_error", repr(error))
        right = anthropic.Anthropic(base_url=url, api_key="right", max_retries=0)
        check("key: the right one is not", right.messages.create(model="any", max_tokens=1, messages=HELLO).type == "message")


def main(apus, model):
    with Server(apus, model) as server:
        url = server.url
        client = anthropic.Anthropic(base_url=url, api_key="none", max_retries=0)
        check_messages(client)
        check_models(client)
        check_billing_header(client)
        check_tools(client)
        check_tool_runner(client)
        check_schema(client)
        check_errors(client, url)
        asyncio.run(check_async(url))
        check_key(apus, model)


if __name__ == "__main__":
    run(main, __doc__)
