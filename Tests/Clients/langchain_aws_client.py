"""Drives a server with the unmodified classes of `langchain-aws`, and checks what programs rely on.

Usage: langchain_aws_client.py APUS MODEL

Starts `APUS serve MODEL` on a free port. MODEL is any small model with a chat template. Needs the packages that
`run` installs. Prints one line for each check and exits 0 if all hold.
"""

import json
import os
from typing import Literal

import boto3
from langchain_aws import BedrockEmbeddings, BedrockLLM, ChatBedrock, ChatBedrockConverse, SagemakerEndpoint
from langchain_aws.llms.sagemaker_endpoint import LLMContentHandler
from langchain_core.exceptions import ContextOverflowError
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from harness import Server, check, raised, run

CLAUDE, LLAMA = "anthropic.claude-3-sonnet-20240229-v1:0", "meta.llama3-8b-instruct-v1:0"
TITAN, MISTRAL, JURASSIC = "amazon.titan-text-express-v1", "mistral.mistral-7b-instruct-v0:2", "ai21.j2-mid-v1"
SEEDED = {"additional_model_request_fields": {"seed": 7}}
ASKED = [SystemMessage("Be brief."), HumanMessage("Say hello.")]
QUESTION = HumanMessage("How is the weather in Ulm?")


# Schemas that leave no choice, so that any model's call is known.
class City(BaseModel):
    """A city."""

    city: Literal["Ulm"]


@tool
def weather(city: Literal["Ulm"]) -> str:
    """The weather in a city now."""
    return f"18 °C in {city}"


def text_of(message):
    """The text of a message: content is a text, or blocks."""
    if isinstance(message.content, str):
        return message.content
    return "".join(block.get("text", "") for block in message.content if isinstance(block, dict))


def check_chat(kind, model, **settings):
    chat = kind(model=model, **settings)
    name = f"{kind.__name__} ({model.split('.')[0]})"
    whole = chat.invoke(ASKED)
    check(f"{name}: an answer", text_of(whole) != "", repr(whole))
    usage = whole.usage_metadata
    check(f"{name}: usage", usage["input_tokens"] > 0 and usage["output_tokens"] > 0, repr(usage))
    streamed = "".join(text_of(part) for part in chat.stream(ASKED))
    check(f"{name}: a stream gives the same text", streamed == text_of(whole), repr(streamed))
    return chat


def check_tools(url):
    chat = ChatBedrockConverse(model=CLAUDE, base_url=url)
    forced = chat.bind_tools([weather], tool_choice="weather")
    answer = forced.invoke([QUESTION])
    check("tools: a call", [call["args"] for call in answer.tool_calls] == [{"city": "Ulm"}], repr(answer))
    parts = None
    for part in forced.stream([QUESTION]):
        parts = part if parts is None else parts + part
    check("tools: a stream's call", [call["args"] for call in parts.tool_calls] == [{"city": "Ulm"}], repr(parts))
    result = ToolMessage(weather.invoke({"city": "Ulm"}), tool_call_id=answer.tool_calls[0]["id"])
    free = ChatBedrockConverse(model=CLAUDE, base_url=url, max_tokens=16, **SEEDED).bind_tools([weather])
    after = free.invoke([QUESTION, answer, result])
    check("tools: goes on after a result", after.type == "ai" and after.usage_metadata["input_tokens"] > 0, repr(after))
    found = chat.with_structured_output(City).invoke([QUESTION])
    check("tools: an object of a class", found == City(city="Ulm"), repr(found))
    older = ChatBedrock(model=CLAUDE, endpoint_url=url, model_kwargs={"max_tokens": 60})
    answer = older.bind_tools([weather], tool_choice="weather").invoke([QUESTION])
    check("tools: a call to ChatBedrock", answer.tool_calls[0]["args"] == {"city": "Ulm"}, repr(answer))


def check_texts(url):
    settings = {
        LLAMA: {"max_gen_len": 16, "seed": 7}, MISTRAL: {"max_tokens": 16, "seed": 7},
        TITAN: {"maxTokenCount": 16, "seed": 7},
    }
    for model, fields in settings.items():
        llm = BedrockLLM(model=model, endpoint_url=url, model_kwargs=fields)
        whole = llm.invoke("Once upon a time")
        check(f"BedrockLLM ({model}): a text", whole.strip() != "", repr(whole))
        streamed = "".join(llm.stream("Once upon a time"))
        check(f"BedrockLLM ({model}): a stream gives the same", streamed == whole, f"{streamed!r}, not {whole!r}")
    llm = BedrockLLM(model=JURASSIC, endpoint_url=url, model_kwargs={"maxTokens": 16, "seed": 7})
    check("BedrockLLM (Jurassic): a text", llm.invoke("Once upon a time").strip() != "")


class Text(LLMContentHandler):
    """What a program writes to speak to a container of Text Generation Inference."""

    content_type = "application/json"
    accepts = "application/json"

    def transform_input(self, prompt, model_kwargs):
        return json.dumps({"inputs": prompt, "parameters": model_kwargs}).encode()

    def transform_output(self, output):
        return json.loads(output.read())[0]["generated_text"]


def check_sagemaker(url):
    client = boto3.client("sagemaker-runtime", endpoint_url=url)
    llm = SagemakerEndpoint(
        endpoint_name="llama", client=client, content_handler=Text(),
        model_kwargs={"max_new_tokens": 16, "do_sample": True, "seed": 7})
    text = llm.invoke("Once upon a time")
    check("SagemakerEndpoint: a text", text.strip() != "" and text == llm.invoke("Once upon a time"), repr(text))


def check_overflow(url):
    """It has an error of its own for prompts that are too long, which it knows by their wording."""
    long = [HumanMessage("word " * 20_000)]
    error = raised(ContextOverflowError, lambda: ChatBedrockConverse(model=CLAUDE, base_url=url).invoke(long))
    check("errors: a prompt that is too long", error is not None, repr(error))


def check_embeddings(url):
    """A model that generates text is asked for vectors only with `pooling`: the client must say why that failed."""
    vectors = BedrockEmbeddings(model_id="amazon.titan-embed-text-v1", endpoint_url=url)
    try:
        found = vectors.embed_query("a swift")
        check("BedrockEmbeddings: a vector", len(found) > 0)
    except Exception as error:  # The class wraps whatever went wrong.
        words = str(error).lower()
        check("BedrockEmbeddings: says what is missing", "embed" in words or "pooling" in words, repr(error))


def main(apus, model):
    os.environ.update(AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="any", AWS_DEFAULT_REGION="us-east-1")
    with Server(apus, model) as server:
        url = server.url
        check_chat(ChatBedrockConverse, CLAUDE, base_url=url, max_tokens=16, **SEEDED)
        check_chat(ChatBedrockConverse, LLAMA, base_url=url, max_tokens=16, **SEEDED)
        check_chat(ChatBedrock, CLAUDE, endpoint_url=url, model_kwargs={"max_tokens": 16, "seed": 7})
        check_chat(ChatBedrock, LLAMA, endpoint_url=url, model_kwargs={"max_gen_len": 16, "seed": 7})
        check_tools(url)
        check_texts(url)
        check_sagemaker(url)
        check_overflow(url)
        check_embeddings(url)


if __name__ == "__main__":
    run(main, __doc__)
