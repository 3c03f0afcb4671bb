"""Drives a server with the unmodified `openai` 0.28.1, the last client of its kind, and checks what programs rely on.

Usage: openai0_client.py APUS MODEL

Starts `APUS serve MODEL` on a free port. MODEL is any small model with a chat template. Needs `openai==0.28.1`, which
`run` installs apart from today's client. Prints one line for each check and exits 0 if all hold.
"""

import asyncio
import concurrent.futures

import openai

from harness import Server, check, raised, run

openai.api_key = "none"
MESSAGES = [{"role": "user", "content": "Say hello."}]
CHAT = {"model": "gpt-3.5-turbo", "messages": MESSAGES, "max_tokens": 16, "seed": 7}
TEXT = {"model": "meta-llama/Llama-2-7b-hf", "prompt": "Once upon a time", "max_tokens": 16, "seed": 7}


def check_completions():
    whole = openai.Completion.create(**TEXT)
    check("completions: the name is echoed", whole.model == TEXT["model"])
    check("completions: usage", whole["usage"]["total_tokens"] > whole["usage"]["completion_tokens"] > 0)
    frames = list(openai.Completion.create(**TEXT, stream=True))
    text = "".join(frame.choices[0].text for frame in frames)
    check("completions: a stream gives the same text", text == whole.choices[0].text and text != "", repr(text))
    check("completions: a stream says why it ends", frames[-1].choices[0].finish_reason in ("stop", "length"))
    scored = openai.Completion.create(**{**TEXT, "max_tokens": 0}, echo=True, logprobs=1).choices[0]
    check("completions: the prompt is scored", scored.text == TEXT["prompt"] and scored.logprobs.token_logprobs[0] is None)
    both = openai.Completion.create(**{**TEXT, "prompt": ["Once", "The"]}, n=2)
    check("completions: prompts times n", [choice.index for choice in both.choices] == [0, 1, 2, 3])


def check_chat():
    whole = openai.ChatCompletion.create(**CHAT)
    message = whole["choices"][0]["message"]
    check("chat: a message", message["role"] == "assistant" and message["content"] != "")
    frames = list(openai.ChatCompletion.create(**CHAT, stream=True))
    text = "".join(frame["choices"][0]["delta"].get("content") or "" for frame in frames)
    check("chat: a stream gives the same text", text == message["content"], repr(text))
    later = asyncio.run(asynchronous())
    check("chat: asynchronous, whole and streamed", later == (message["content"], message["content"]), repr(later))
    function = {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}
    call = openai.ChatCompletion.create(**{**CHAT, "max_tokens": 200}, functions=[function], function_call={"name": "add"})
    named = call["choices"][0]["message"].get("function_call") or {}
    check("chat: a function that must be called", named.get("name") == "add", repr(call))


async def asynchronous():
    whole = await openai.ChatCompletion.acreate(**CHAT)
    frames = [frame async for frame in await openai.ChatCompletion.acreate(**CHAT, stream=True)]
    text = "".join(frame["choices"][0]["delta"].get("content") or "" for frame in frames)
    return whole["choices"][0]["message"]["content"], text


def check_others():
    check("models: listed", len(openai.Model.list()["data"]) == 1)
    check("models: found", openai.Model.retrieve("gpt-3.5-turbo")["id"] == "gpt-3.5-turbo")
    vectors = openai.Embedding.create(model="any", input=["a", "b"], pooling="mean")["data"]
    check("embeddings: a list of numbers each", len(vectors) == 2 and isinstance(vectors[0]["embedding"][0], float))
    error = raised(openai.error.InvalidRequestError, lambda: openai.Completion.create(**TEXT, temperature=3))
    check("errors: a field out of range is named", error is not None and error.param == "temperature", repr(error))
    long = {**TEXT, "prompt": "word " * 20_000}
    error = raised(openai.error.InvalidRequestError, lambda: openai.Completion.create(**long))
    check("errors: a prompt that is too long", error is not None and error.code == "context_length_exceeded", repr(error))
    error = raised(openai.error.InvalidRequestError, lambda: openai.Moderation.create(input="a"))
    check("errors: a path that is not there", error is not None and error.http_status == 404, repr(error))


def check_refusals(apus, model):
    """A full queue and a wrong key are the errors that programs catch."""
    with Server(apus, model, "--parallel", "1", "--queue", "0", "--api-key", "right") as server:
        openai.api_base, openai.api_key = server.url + "/v1", "wrong"
        error = raised(openai.error.OpenAIError, lambda: openai.Model.list())
        check("errors: a wrong key", isinstance(error, openai.error.AuthenticationError), repr(error))
        openai.api_key = "right"

        def ask(_):
            return raised(openai.error.OpenAIError, lambda: openai.Completion.create(
                model="any", prompt="a", max_tokens=200, ignore_eos=True))

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            errors = list(pool.map(ask, range(6)))
        kinds = {type(error) for error in errors if error is not None}
        check("errors: a full queue", kinds == {openai.error.RateLimitError}, repr(kinds))
        check("errors: one was served", None in errors)


def main(apus, model):
    with Server(apus, model) as server:
        openai.api_base = server.url + "/v1"
        check_completions()
        check_chat()
        check_others()
    check_refusals(apus, model)


if __name__ == "__main__":
    run(main, __doc__)
