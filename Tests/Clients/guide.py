"""Runs the lines that guides to hosted models show, each with its own client, against one server and its usual names.

Usage: guide.py APUS MODEL

Starts `APUS serve MODEL` on a free port. MODEL is any small model with a chat template. What guides write is unchanged
but for the address, which clients take from the environment where they can. Needs `curl`, and the packages that `run`
installs. Prints one line for each check and exits 0 if all hold.
"""

import json
import os
import subprocess
import sys
import tempfile

from harness import Server, check, run

PROMPT = "Explain quantum computing in simple terms."

BEDROCK_LLAMA = """
import boto3, json
client = boto3.client("bedrock-runtime", region_name="us-east-1")
body = json.dumps({"prompt": "<s>[INST] %s [/INST]", "max_gen_len": 24, "temperature": 0.5, "top_p": 0.9})
response = client.invoke_model(modelId="meta.llama2-13b-chat-v1", body=body)
print(json.loads(response["body"].read())["generation"])
""" % PROMPT

BEDROCK_CLAUDE = """
import boto3, json
client = boto3.client("bedrock-runtime", region_name="us-east-1")
body = json.dumps({
    "anthropic_version": "bedrock-2023-05-31", "max_tokens": 24,
    "messages": [{"role": "user", "content": "%s"}],
})
response = client.invoke_model(
    modelId="anthropic.claude-3-sonnet-20240229-v1:0", body=body, contentType="application/json", accept="application/json")
print(json.loads(response["body"].read())["content"][0]["text"])
""" % PROMPT

BEDROCK_CLAUDE_TEXT = """
import boto3, json
client = boto3.client("bedrock-runtime", region_name="us-east-1")
body = json.dumps({"prompt": "\\n\\nHuman: %s\\n\\nAssistant:", "max_tokens_to_sample": 24})
response = client.invoke_model(modelId="anthropic.claude-v2", body=body)
print(json.loads(response["body"].read())["completion"])
""" % PROMPT

BEDROCK_JURASSIC = """
import boto3, json
client = boto3.client("bedrock-runtime", region_name="us-east-1")
body = json.dumps({"prompt": "%s", "maxTokens": 24, "temperature": 0.7})
response = client.invoke_model(modelId="ai21.j2-ultra-v1", body=body)
print(json.loads(response["body"].read())["completions"][0]["data"]["text"])
""" % PROMPT

BEDROCK_STREAM = """
import boto3, json
client = boto3.client("bedrock-runtime", region_name="us-east-1")
body = json.dumps({"prompt": "%s", "max_gen_len": 24})
response = client.invoke_model_with_response_stream(modelId="meta.llama2-13b-chat-v1", body=body)
for event in response["body"]:
    print(json.loads(event["chunk"]["bytes"])["generation"], end="")
""" % PROMPT

BEDROCK_CONVERSE = """
import boto3
client = boto3.client("bedrock-runtime", region_name="us-east-1")
response = client.converse(
    modelId="mistral.mistral-7b-instruct-v0:2", messages=[{"role": "user", "content": [{"text": "%s"}]}],
    inferenceConfig={"maxTokens": 24, "temperature": 0.5})
print(response["output"]["message"]["content"][0]["text"])
""" % PROMPT

BEDROCK_MODELS = """
import boto3
client = boto3.client("bedrock", region_name="us-east-1")
for model in client.list_foundation_models()["modelSummaries"]:
    print(model["modelId"])
"""

SAGEMAKER_TGI = """
import boto3, json
client = boto3.client("sagemaker-runtime", region_name="us-east-1")
response = client.invoke_endpoint(
    EndpointName="llama2-endpoint", ContentType="application/json",
    Body=json.dumps({"inputs": "%s", "parameters": {"max_new_tokens": 24, "temperature": 0.7, "do_sample": True}}))
print(json.loads(response["Body"].read())[0]["generated_text"])
""" % PROMPT

SAGEMAKER_JUMPSTART = """
import boto3, json
client = boto3.client("sagemaker-runtime", region_name="us-east-1")
payload = {
    "inputs": [[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "%s"}]],
    "parameters": {"max_new_tokens": 24, "top_p": 0.9, "temperature": 0.6},
}
response = client.invoke_endpoint(
    EndpointName="jumpstart-dft-meta-textgeneration-llama-2-7b-f", ContentType="application/json",
    Body=json.dumps(payload), CustomAttributes="accept_eula=true")
print(json.loads(response["Body"].read())[0]["generation"]["content"])
""" % PROMPT

OPENAI = """
import os
from openai import OpenAI
client = OpenAI(base_url=os.environ["SERVER"] + "/v1", api_key="EMPTY")
response = client.chat.completions.create(
    model="meta-llama/Llama-2-7b-chat-hf", messages=[{"role": "user", "content": "%s"}], max_tokens=24)
print(response.choices[0].message.content)
""" % PROMPT

ANTHROPIC = """
import anthropic
client = anthropic.Anthropic()
message = client.messages.create(
    model="claude-3-sonnet-20240229", max_tokens=24, messages=[{"role": "user", "content": "%s"}])
print(message.content[0].text)
""" % PROMPT

OLLAMA = """
import ollama
response = ollama.chat(
    model="llama2", messages=[{"role": "user", "content": "%s"}], options={"num_predict": 24})
print(response["message"]["content"])
""" % PROMPT

PYTHON = {
    "Bedrock, Llama": BEDROCK_LLAMA, "Bedrock, Claude": BEDROCK_CLAUDE, "Bedrock, older Claude": BEDROCK_CLAUDE_TEXT,
    "Bedrock, Jurassic-2": BEDROCK_JURASSIC, "Bedrock, a stream": BEDROCK_STREAM, "Bedrock, Converse": BEDROCK_CONVERSE,
    "Bedrock, models": BEDROCK_MODELS, "SageMaker, TGI": SAGEMAKER_TGI, "SageMaker, JumpStart": SAGEMAKER_JUMPSTART,
    "OpenAI": OPENAI, "Anthropic": ANTHROPIC, "Ollama": OLLAMA,
}

CURL = {
    "vLLM, completions": """curl -sS -f $SERVER/v1/completions -H "Content-Type: application/json" -d '{
        "model": "meta-llama/Llama-2-7b-hf", "prompt": "San Francisco is a", "max_tokens": 7, "temperature": 0}'""",
    "vLLM, chat": """curl -sS -f $SERVER/v1/chat/completions -H "Content-Type: application/json" \\
        -H "Authorization: Bearer EMPTY" -d '{"model": "meta-llama/Llama-2-7b-chat-hf", "max_tokens": 8,
        "messages": [{"role": "user", "content": "Hello"}]}'""",
    "vLLM, health": "curl -sS -f -o /dev/null -w '%{http_code}' $SERVER/health",
    "vLLM, models": "curl -sS -f $SERVER/v1/models",
    "vLLM, tokens": """curl -sS -f $SERVER/tokenize -d '{"prompt": "San Francisco is a"}'""",
    "a chosen answer": """curl -sS -f $SERVER/v1/completions \\
        -d '{"prompt": "Good or bad? ", "guided_choice": ["good", "bad"]}'""",
    "a stream": """curl -sS -f -N $SERVER/v1/completions -d '{"prompt": "San", "max_tokens": 4, "stream": true}'""",
    "Ollama": """curl -sS -f $SERVER/api/generate -d '{"model": "llama2", "prompt": "Why is the sky blue?",
        "options": {"num_predict": 8}}'""",
    "TGI": """curl -sS -f $SERVER/generate -X POST -H "Content-Type: application/json" \\
        -d '{"inputs": "What is deep learning?", "parameters": {"max_new_tokens": 8}}'""",
    "TGI, a stream": """curl -sS -f -N $SERVER/generate_stream -H "Content-Type: application/json" \\
        -d '{"inputs": "What is deep learning?", "parameters": {"max_new_tokens": 8}}'""",
    "llama.cpp": """curl -sS -f $SERVER/completion -H "Content-Type: application/json" \\
        -d '{"prompt": "Building a website can be done in 10 simple steps:", "n_predict": 8}'""",
    "SageMaker's container, ping": "curl -sS -f -o /dev/null -w '%{http_code}' $SERVER/ping",
    "SageMaker's container": """curl -sS -f $SERVER/invocations -H "Content-Type: application/json" \\
        -d '{"inputs": "Hello", "parameters": {"max_new_tokens": 8}}'""",
    "Anthropic": """curl -sS -f $SERVER/v1/messages -H "x-api-key: any" -H "anthropic-version: 2023-06-01" \\
        -H "content-type: application/json" -d '{"model": "claude-3-sonnet-20240229", "max_tokens": 8,
        "messages": [{"role": "user", "content": "Hello"}]}'""",
}


def environment(url):
    return {
        **os.environ, "SERVER": url, "OLLAMA_HOST": url, "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "any",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url, "AWS_ENDPOINT_URL_BEDROCK": url,
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": url, "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}


def shell(command, url):
    return subprocess.run(["bash", "-c", command], env=environment(url), capture_output=True, text=True, timeout=120)


def check_python(url):
    """A model may end its turn at once, so a text that did not come is asked for again."""
    for name, code in PYTHON.items():
        for _ in range(3):
            found = subprocess.run(
                [sys.executable, "-c", code], env=environment(url), capture_output=True, text=True, timeout=120)
            if is_good := found.returncode == 0 and found.stdout.strip() != "":
                break
        check(f"python: {name}", is_good, found.stderr[-500:])


def check_curl(url):
    for name, command in CURL.items():
        found = shell(command, url)
        check(f"curl: {name}", found.returncode == 0 and found.stdout.strip() != "", found.stderr + found.stdout)
    stream = shell(CURL["a stream"], url).stdout
    check("curl: a stream has events and an end", stream.startswith("data: {") and stream.endswith("data: [DONE]\n\n"))
    answer = json.loads(shell(CURL["a chosen answer"], url).stdout)
    check("curl: a chosen answer is one of them", answer["choices"][0]["text"] in ("good", "bad"), repr(answer))
    # Larger bodies are announced, and curl waits for a word before it sends them.
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"prompt": "word " * 1000, "max_tokens": 1, "user": "x" * (1 << 20)}, file)
        file.flush()
        command = f"curl -sS -f -H 'Expect: 100-continue' $SERVER/v1/completions -d @{file.name}"
        found = shell(command, url)
        check("curl: a large body, announced", found.returncode == 0 and '"usage"' in found.stdout, found.stderr)
    found = shell("curl -sS -w ' %{http_code}' $SERVER/v1/completions -d '{\"prompt\": 3}'", url).stdout
    check("curl: an error is told", found.endswith(" 400") and '"param"' in found, found)
    found = shell("curl -sS -f --http2-prior-knowledge -w ' %{http_version}' $SERVER/v1/models", url).stdout
    check("curl: HTTP/2 without TLS", found.endswith(" 2"), found)
    command = "head -c 100000 /dev/zero | curl -sS -w ' %{http_code}' $SERVER/v1/completions --data-binary @-"
    found = shell(command, url).stdout
    check("curl: a body that is no JSON", found.endswith(" 400"), found)


def main(apus, model):
    with Server(apus, model) as server:
        check_python(server.url)
        check_curl(server.url)


if __name__ == "__main__":
    run(main, __doc__)
