"""Drives a server with the unmodified `litellm`, through each of its providers that can be pointed at an address.

Usage: litellm_client.py APUS MODEL

Starts `APUS serve MODEL` on a free port. MODEL is any small model with a chat template. Needs the packages that
`run` installs. Prints one line for each check and exits 0 if all hold.
"""

import json
import os

# Without it the list of models is fetched from the network at the start.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm  # noqa: E402

from harness import Server, check, raised, run  # noqa: E402

MESSAGES = [{"role": "user", "content": "Say hello."}]
# It leaves no choice, so that any model's call is known.
SCHEMA = {"type": "object", "properties": {"city": {"enum": ["Ulm"]}}, "required": ["city"], "additionalProperties": False}
TOOLS = [{"type": "function", "function": {"name": "weather", "description": "The weather.", "parameters": SCHEMA}}]
CLAUDE = "anthropic.claude-3-sonnet-20240229-v1:0"
LLAMA = "meta.llama3-8b-instruct-v1:0"
litellm.suppress_debug_info = True


def providers(url):
    """What each provider is called with; what differs for a stream comes second, where anything does."""
    aws = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "aws_region_name": "us-east-1"}
    # Where it is told an address of SageMaker, it asks just there, whole or streamed.
    endpoint = {"sagemaker_base_url": url + "/endpoints/llama/invocations", **aws}
    streamed = {"sagemaker_base_url": url + "/endpoints/llama/invocations-response-stream"}
    openai = {"api_base": url + "/v1", "api_key": "none"}
    bedrock = {"aws_bedrock_runtime_endpoint": url, **aws}
    return {
        "openai": ({"model": "openai/any", **openai}, {}),
        "hosted_vllm": ({"model": "hosted_vllm/any", **openai}, {}),
        "llamafile": ({"model": "llamafile/any", **openai}, {}),
        "text-completion-openai": ({"model": "text-completion-openai/any", **openai}, {}),
        "anthropic": ({"model": "anthropic/claude-3-haiku-20240307", "api_base": url, "api_key": "none"}, {}),
        "ollama": ({"model": "ollama/any", "api_base": url}, {}),
        "ollama_chat": ({"model": "ollama_chat/any", "api_base": url}, {}),
        "bedrock converse": ({"model": f"bedrock/converse/{CLAUDE}", **bedrock}, {}),
        "bedrock invoke": ({"model": f"bedrock/invoke/{CLAUDE}", **bedrock}, {}),
        "bedrock invoke, llama": ({"model": f"bedrock/invoke/{LLAMA}", **bedrock}, {}),
        "sagemaker": ({"model": "sagemaker/llama", **endpoint}, streamed),
        "sagemaker_chat": ({"model": "sagemaker_chat/llama", **endpoint}, streamed),
    }


def check_provider(name, settings, changes):
    asked = {"messages": MESSAGES, "max_tokens": 16, "temperature": 0, "num_retries": 0, **settings}
    try:
        whole = litellm.completion(**asked)
        text = whole.choices[0].message.content
        parts = list(litellm.completion(**{**asked, **changes}, stream=True))
    except Exception as error:  # Each provider has its own kinds; the next one shall be tried too.
        check(f"{name}: an answer", False, repr(error)[:500])
        return
    check(f"{name}: an answer", bool(text) and whole.usage.completion_tokens > 0, repr(whole))
    streamed = "".join(part.choices[0].delta.content or "" for part in parts if part.choices)
    check(f"{name}: a stream gives the same text", streamed.strip() == text.strip(), f"{streamed!r}, not {text!r}")
    check(f"{name}: why it ended", whole.choices[0].finish_reason in ("stop", "length"))


def check_tools(url):
    """A call comes as OpenAI's, whatever the dialect it went through."""
    chosen = {"type": "function", "function": {"name": "weather"}}
    for name in ("openai", "anthropic", "bedrock converse", "bedrock invoke"):
        asked = {**providers(url)[name][0], "messages": MESSAGES, "tools": TOOLS, "tool_choice": chosen}
        asked |= {"allowed_openai_params": ["tool_choice"], "max_tokens": 60, "num_retries": 0}
        calls = litellm.completion(**asked).choices[0].message.tool_calls
        arguments = [json.loads(call.function.arguments) for call in (calls or [])[:1]]
        check(f"{name}: a call", arguments == [{"city": "Ulm"}], repr(calls))
        parts = list(litellm.completion(**asked, stream=True))
        calls = litellm.stream_chunk_builder(parts).choices[0].message.tool_calls
        arguments = [json.loads(call.function.arguments) for call in (calls or [])[:1]]
        check(f"{name}: a streamed call", arguments == [{"city": "Ulm"}], repr(calls))


def check_errors(url):
    openai, anthropic, bedrock = (providers(url)[name][0] for name in ("openai", "anthropic", "bedrock converse"))
    long = [{"role": "user", "content": "word " * 20_000}]
    for name, settings in [("openai", openai), ("anthropic", anthropic), ("bedrock", bedrock)]:
        asked = {**settings, "messages": long, "max_tokens": 4, "num_retries": 0}
        error = raised(litellm.BadRequestError, lambda: litellm.completion(**asked))
        check(f"{name}: a prompt that is too long", isinstance(error, litellm.ContextWindowExceededError), repr(error)[:300])


def check_embeddings(url):
    found = litellm.embedding(
        model="openai/any", input=["a", "b"], api_base=url + "/v1", api_key="none", encoding_format="float",
        extra_body={"pooling": "mean"})
    check("openai: embeddings", len(found.data) == 2 and len(found.data[0]["embedding"]) > 0)


def main(apus, model):
    with Server(apus, model) as server:
        for name, (settings, changes) in providers(server.url).items():
            check_provider(name, settings, changes)
        check_tools(server.url)
        check_errors(server.url)
        check_embeddings(server.url)


if __name__ == "__main__":
    run(main, __doc__)
