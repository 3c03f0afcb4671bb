"""Drives `/v1/responses` with the unmodified `openai` client, and checks what clients rely on.

Usage: responses_client.py APUS MODEL

As openai_client.py, which see; MODEL needs a chat template.
"""

import asyncio
import json
import os
import tempfile

import openai
from pydantic import BaseModel, Field

from harness import check, run
from openai_client import Server, raised

TOOL = {
    "type": "function", "name": "get_weather", "description": "The weather of a city.", "strict": False,
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Ulm"}}\n</tool_call>'
OPTIONS = {"model": "gpt-5", "input": "Say hello.", "max_output_tokens": 24, "extra_body": {"seed": 7}}


class Digit(BaseModel):
    n: int = Field(ge=0, le=9)


def check_responses(client):
    first = client.responses.create(**OPTIONS)
    second = client.responses.create(**OPTIONS)
    check("responses: the same seed gives the same text", first.output_text == second.output_text != "")
    chat = client.chat.completions.create(
        model="any", messages=[{"role": "user", "content": "Say hello."}], max_tokens=24, seed=7)
    check("responses: the text of a chat completion", chat.choices[0].message.content == first.output_text)
    check("responses: status", first.status in ("completed", "incomplete"))
    check("responses: usage", first.usage.total_tokens == first.usage.input_tokens + first.usage.output_tokens)
    check("responses: known tokens", second.usage.input_tokens_details.cached_tokens > 0)

    with client.responses.stream(**OPTIONS) as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
    check("stream: the same text", text == first.output_text, repr(text))
    events = list(client.responses.create(**OPTIONS, stream=True))
    check("stream: numbers", [event.sequence_number for event in events] == list(range(len(events))))
    check("stream: the last event has the answer", events[-1].response.output_text == text)
    whole = client.responses.create(model="any", input="Say hi.", extra_body={"guided_choice": ["Hi."]})
    check("responses: an answer that ends by itself", whole.status == "completed" and whole.incomplete_details is None)


def check_tools(client):
    options = {"model": "any", "input": "Weather in Ulm?", "tools": [TOOL], "extra_body": {"guided_choice": [CALL]}}
    response = client.responses.create(**options)
    call = response.output[0]
    check("tools: a call", (call.type, call.name, json.loads(call.arguments)) == ("function_call", "get_weather", {"city": "Ulm"}))
    with client.responses.stream(**options) as stream:
        pieces = [event.delta for event in stream if event.type == "response.function_call_arguments.delta"]
        final = stream.get_final_response()
    check("tools: streamed arguments", json.loads("".join(pieces)) == {"city": "Ulm"}, str(pieces))
    check("tools: the final response", final.output[0].arguments == call.arguments)
    conversation = [{"role": "user", "content": "Weather in Ulm?"}, *response.output,
                    {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}]
    answer = client.responses.create(model="any", input=conversation, tools=[TOOL], max_output_tokens=16)
    # What a model says to it, if anything, is its own affair.
    check("tools: an answer to a result", answer.status in ("completed", "incomplete") and answer.error is None)


def check_schema(client):
    response = client.responses.parse(model="any", input="A digit?", text_format=Digit)
    check("schema: parsed by the client", 0 <= response.output_parsed.n <= 9, response.output_text)


def check_codex(client):
    """A request as Codex makes it."""
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "List the files."}]}
    developer = {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Be careful."}]}
    tools = [
        {"type": "function", "name": "shell", "description": "Runs a command.", "strict": False, "parameters": {
            "type": "object", "properties": {"command": {"type": "array", "items": {"type": "string"}}},
            "required": ["command"], "additionalProperties": False}},
        {"type": "custom", "name": "apply_patch", "description": "Edits files.", "format": {
            "type": "grammar", "syntax": "lark", "definition": "start: /.+/"}},
        {"type": "web_search", "external_web_access": False},
    ]
    events = list(client.responses.create(
        model="gpt-5-codex", instructions="You are an agent.", input=[developer, message], tools=tools, tool_choice="auto",
        parallel_tool_calls=False, reasoning={"effort": "medium", "summary": "auto"}, store=False, stream=True,
        include=["reasoning.encrypted_content"], prompt_cache_key="0190", text={"verbosity": "low"},
        extra_body={"guided_choice": ['<tool_call>\n{"name": "shell", "arguments": {"command": ["ls"]}}\n</tool_call>']}))
    done = [event.item for event in events if event.type == "response.output_item.done"]
    check("codex: a call comes as an item", len(done) == 1 and json.loads(done[0].arguments) == {"command": ["ls"]})
    check("codex: the stream is completed", events[-1].type == "response.completed" and events[-1].response.id != "")


def check_errors(client):
    for name, fields, parameter in [
        ("previous_response_id", {"previous_response_id": "resp_1"}, "previous_response_id"),
        ("background", {"background": True}, "background"), ("tokens", {"max_output_tokens": 0}, "max_output_tokens"),
        ("tools", {"tools": [{"type": "file_search", "vector_store_ids": ["a"]}]}, "tools[0].type"),
    ]:
        error = raised(lambda: client.responses.create(**{**OPTIONS, **fields}))
        check(f"errors: {name}", isinstance(error, openai.BadRequestError) and error.param == parameter, repr(error))
    error = raised(lambda: client.responses.create(model="any", input="word " * 100_000, stream=True))
    check("errors: context", isinstance(error, openai.BadRequestError) and error.code == "context_length_exceeded")
    error = raised(lambda: client.responses.retrieve("resp_1"))
    check("errors: nothing is stored", isinstance(error, openai.NotFoundError), repr(error))
    error = raised(lambda: client.responses.delete("resp_1"))
    check("errors: nothing to delete", isinstance(error, openai.NotFoundError), repr(error))


def check_kept(client):
    """Answers that the server keeps."""
    first = client.responses.create(**OPTIONS)
    check("kept: an answer says so", first.store is True)
    check("kept: it is found again", client.responses.retrieve(first.id).output_text == first.output_text)
    second = client.responses.create(**{**OPTIONS, "input": "And now?"}, previous_response_id=first.id)
    said = [{"role": "user", "content": "Say hello."}, *first.output, {"role": "user", "content": "And now?"}]
    whole = client.responses.create(**{**OPTIONS, "input": said}, store=False)
    check("kept: as if all had been sent", second.output_text == whole.output_text
          and second.usage.input_tokens == whole.usage.input_tokens)
    items = [item.role for item in client.responses.input_items.list(second.id, order="asc", limit=2)]
    check("kept: all items, page by page", items == ["user", "assistant", "user"], str(items))
    with client.responses.stream(**OPTIONS, previous_response_id=second.id) as stream:
        third = stream.get_final_response()
    check("kept: a stream's answer", client.responses.retrieve(third.id).output_text == third.output_text)
    client.responses.delete(first.id)
    error = raised(lambda: client.responses.retrieve(first.id))
    check("kept: deleted", isinstance(error, openai.NotFoundError), repr(error))
    error = raised(lambda: client.responses.create(**OPTIONS, previous_response_id=first.id))
    check("kept: nothing goes on from what is deleted",
          isinstance(error, openai.BadRequestError) and error.code == "previous_response_not_found", repr(error))
    check("kept: answers that went on are whole", client.responses.retrieve(second.id).id == second.id)
    error = raised(lambda: client.responses.retrieve(whole.id))
    check("kept: not where store is false", isinstance(error, openai.NotFoundError), repr(error))


def check_session(client):
    """A chat that the server keeps."""
    options = {"model": "any", "max_tokens": 16, "seed": 7}
    named = {**options, "extra_headers": {"X-Session": "talk"}}
    first = client.chat.completions.create(messages=[{"role": "user", "content": "Say hello."}], **named)
    second = client.chat.completions.create(messages=[{"role": "user", "content": "And now?"}], **named)
    said = [{"role": "user", "content": "Say hello."}, first.choices[0].message, {"role": "user", "content": "And now?"}]
    whole = client.chat.completions.create(messages=said, **options)
    check("session: as if all had been sent", second.choices[0].message.content == whole.choices[0].message.content)


async def check_async(server):
    client = openai.AsyncOpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0)
    whole = await client.responses.create(**OPTIONS)
    text = ""
    async for event in await client.responses.create(**OPTIONS, stream=True):
        if event.type == "response.output_text.delta":
            text += event.delta
    check("async: the same text", text == whole.output_text)


def main(apus, model):
    with Server(apus, model) as server:
        client = server.client()
        check_responses(client)
        check_tools(client)
        check_schema(client)
        check_codex(client)
        check_errors(client)
        asyncio.run(check_async(server))
    with tempfile.TemporaryDirectory() as folder:
        with Server(apus, model, store=os.path.join(folder, "store")) as server:
            check_kept(server.client())
            check_session(server.client())


if __name__ == "__main__":
    run(main, __doc__)
