"""Asks one question in every dialect, with one seed, whole and streamed: the text must be the same everywhere.

Usage: same_answer.py APUS MODEL

Starts `APUS serve MODEL` on a free port. MODEL is any small model with a chat template, whose text is also sent as it is
to the paths that take prompts. Needs the packages that `run` installs. Prints one line for each way to ask and exits
with 0 if all texts are the same.
"""

import json
import urllib.request

import anthropic
import boto3
import botocore.config
import ollama
import openai

from harness import Server, check, run

QUESTION = "Tell me about the sea. What lives in it?"
MESSAGES = [{"role": "user", "content": QUESTION}]
TURNS = [{"role": "user", "content": [{"text": QUESTION}]}]
TOKENS, SEED, TEMPERATURE, TOP_P = 24, 11, 0.9, 0.95
USUAL = {"max_tokens": TOKENS, "seed": SEED, "temperature": TEMPERATURE, "top_p": TOP_P}
SAMPLING = {"temperature": TEMPERATURE, "top_p": TOP_P}
LLAMA, MISTRAL = "meta.llama3-8b-instruct-v1:0", "mistral.mistral-7b-instruct-v0:2"
CLAUDE, TITAN = "anthropic.claude-3-sonnet-20240229-v1:0", "amazon.titan-text-express-v1"
JURASSIC, NOVA = "ai21.j2-mid-v1", "amazon.nova-lite-v1:0"


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        return reply.read().decode()


def events(text):
    """The JSON of each server-sent event."""
    lines = [line[5:].strip() for line in text.splitlines() if line.startswith("data:")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def openai_ways(url, prompt):
    client = openai.OpenAI(base_url=url + "/v1", api_key="none", max_retries=0)
    chat = {"model": "any", "messages": MESSAGES, **USUAL}
    yield "chat", client.chat.completions.create(**chat).choices[0].message.content
    yield "chat, streamed", "".join(
        frame.choices[0].delta.content or "" for frame in client.chat.completions.create(**chat, stream=True))
    text = {"model": "any", "prompt": prompt, **USUAL}
    yield "completion", client.completions.create(**text).choices[0].text
    yield "completion, streamed", "".join(
        frame.choices[0].text for frame in client.completions.create(**text, stream=True))
    item = {
        "model": "any", "input": QUESTION, "max_output_tokens": TOKENS, **SAMPLING, "extra_body": {"seed": SEED}}
    yield "response", client.responses.create(**item).output_text
    parts = client.responses.create(**item, stream=True)
    yield "response, streamed", "".join(
        part.delta for part in parts if part.type == "response.output_text.delta")


def anthropic_ways(url, _):
    client = anthropic.Anthropic(base_url=url, api_key="none", max_retries=0)
    asked = {
        "model": "any", "messages": MESSAGES, "max_tokens": TOKENS, "extra_body": {"seed": SEED, **SAMPLING}}
    yield "messages", client.messages.create(**asked).content[0].text
    with client.messages.stream(**asked) as stream:
        yield "messages, streamed", "".join(stream.text_stream)


def ollama_ways(url, prompt):
    client = ollama.Client(url)
    options = {"seed": SEED, "num_predict": TOKENS, **SAMPLING}
    yield "chat", client.chat("any", MESSAGES, options=options).message.content
    yield "chat, streamed", "".join(
        part.message.content for part in client.chat("any", MESSAGES, options=options, stream=True))
    yield "generate", client.generate("any", QUESTION, options=options).response
    raw = {"model": "any", "prompt": prompt, "raw": True, "options": options}
    yield "generate, raw", client.generate(**raw).response
    yield "generate, raw, streamed", "".join(part.response for part in client.generate(**raw, stream=True))


def aws_client(url, service):
    return boto3.client(
        service, endpoint_url=url, region_name="us-east-1", aws_access_key_id="any", aws_secret_access_key="any",
        config=botocore.config.Config(retries={"max_attempts": 0}))


def titan_text(body):
    return body["results"][0]["outputText"] if "results" in body else body["outputText"]


def claude_text(body):
    return body["content"][0]["text"] if body["type"] == "message" else body.get("delta", {}).get("text", "")


def nova_text(body):
    if "output" in body:
        return body["output"]["message"]["content"][0]["text"]
    return body.get("contentBlockDelta", {}).get("delta", {}).get("text", "")


def chat_text(body):
    choice = body["choices"][0]
    return (choice.get("message") or choice["delta"]).get("content") or ""


def families(prompt):
    """Of each family: a model's name, the body of a request, and what takes the text out of an answer or a chunk."""
    usual = {"prompt": prompt, "seed": SEED, **SAMPLING}
    camel = {"temperature": TEMPERATURE, "topP": TOP_P, "seed": SEED}
    claude = {"messages": MESSAGES, "anthropic_version": "bedrock-2023-05-31", **USUAL}
    return [
        (LLAMA, {**usual, "max_gen_len": TOKENS}, lambda body: body["generation"]),
        (MISTRAL, {**usual, "max_tokens": TOKENS}, lambda body: body["outputs"][0]["text"]),
        (TITAN, {"inputText": prompt, "textGenerationConfig": {"maxTokenCount": TOKENS, **camel}}, titan_text),
        (CLAUDE, claude, claude_text),
        (NOVA, {"messages": TURNS, "inferenceConfig": {"maxTokens": TOKENS, **camel}}, nova_text),
        ("any.other", {"messages": MESSAGES, **USUAL}, chat_text),
        (JURASSIC, {"prompt": prompt, "maxTokens": TOKENS, **camel}, lambda body: body["completions"][0]["data"]["text"]),
    ]


def bedrock_ways(url, prompt):
    client = aws_client(url, "bedrock-runtime")
    asked = {
        "modelId": CLAUDE, "messages": TURNS, "additionalModelRequestFields": {"seed": SEED},
        "inferenceConfig": {"maxTokens": TOKENS, "temperature": TEMPERATURE, "topP": TOP_P}}
    yield "converse", client.converse(**asked)["output"]["message"]["content"][0]["text"]
    stream = client.converse_stream(**asked)["stream"]
    yield "converse, streamed", "".join(
        event["contentBlockDelta"]["delta"]["text"] for event in stream if "contentBlockDelta" in event)
    for name, body, text in families(prompt):
        answer = client.invoke_model(modelId=name, body=json.dumps(body))
        yield name, text(json.loads(answer["body"].read()))
        if name == JURASSIC:
            continue  # It has no streams.
        chunks = client.invoke_model_with_response_stream(modelId=name, body=json.dumps(body))["body"]
        yield f"{name}, streamed", "".join(text(json.loads(chunk["chunk"]["bytes"])) for chunk in chunks)


def sagemaker_ways(url, prompt):
    client = aws_client(url, "sagemaker-runtime")

    def asked(body):
        return {"EndpointName": "llama", "ContentType": "application/json", "Body": json.dumps(body)}

    text = {
        "inputs": prompt,
        "parameters": {"do_sample": True, "max_new_tokens": TOKENS, "seed": SEED, **SAMPLING}}
    yield "endpoint", json.loads(client.invoke_endpoint(**asked(text))["Body"].read())[0]["generated_text"]
    parts = client.invoke_endpoint_with_response_stream(**asked({**text, "stream": True}))["Body"]
    found = events(b"".join(part["PayloadPart"]["Bytes"] for part in parts).decode())
    yield "endpoint, streamed", found[-1]["generated_text"]
    chat = json.loads(client.invoke_endpoint(**asked({"messages": MESSAGES, **USUAL}))["Body"].read())
    yield "endpoint, a chat", chat["choices"][0]["message"]["content"]
    yield "TGI", json.loads(post(url + "/generate", text))["generated_text"]
    found = events(post(url + "/generate_stream", text))
    yield "TGI, streamed", found[-1]["generated_text"]
    yield "TGI, streamed, its tokens", "".join(
        event["token"]["text"] for event in found if not event["token"]["special"])


def llama_ways(url, prompt):
    asked = {"prompt": prompt, "n_predict": TOKENS, "seed": SEED, **SAMPLING}
    yield "completion", json.loads(post(url + "/completion", asked))["content"]
    frames = events(post(url + "/completion", {**asked, "stream": True}))
    yield "completion, streamed", "".join(frame["content"] for frame in frames)


DIALECTS = {
    "OpenAI": openai_ways, "Anthropic": anthropic_ways, "Ollama": ollama_ways, "Bedrock": bedrock_ways,
    "SageMaker": sagemaker_ways, "llama.cpp": llama_ways,
}


def main(apus, model):
    with Server(apus, model) as server:
        prompt = json.loads(post(server.url + "/apply-template", {"messages": MESSAGES}))["prompt"]
        expected = None
        for dialect, ways in DIALECTS.items():
            for name, text in ways(server.url, prompt):
                expected = expected or text
                check(f"{dialect}: {name}", text == expected and text != "", f"{text!r}, not {expected!r}")


if __name__ == "__main__":
    run(main, __doc__)
