"""Drives a server with the unmodified `boto3` clients of Bedrock and SageMaker, and checks what programs rely on.

Usage: boto3_client.py APUS MODEL

Starts `APUS serve MODEL` on a free port. MODEL is any small model with a chat template. Needs the packages that
`run` installs. Prints one line for each check and exits 0 if all hold.
"""

import concurrent.futures
import json
import logging
import os
import re
import tempfile
import urllib.error
import urllib.request
import uuid

import boto3
import botocore.config
import botocore.exceptions
from moto.server import ThreadedMotoServer

from harness import Server, check, run, until

KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
CLAUDE, LLAMA = "anthropic.claude-3-sonnet-20240229-v1:0", "meta.llama3-8b-instruct-v1:0"
HELLO = [{"role": "user", "content": [{"text": "Say hello."}]}]
USUAL = {"inferenceConfig": {"maxTokens": 24}, "additionalModelRequestFields": {"seed": 7}}
CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Ulm"}}\n</tool_call>'
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = {"tools": [{"toolSpec": {"name": "get_weather", "inputSchema": {"json": SCHEMA}}}]}


def client(url, service="bedrock-runtime", key=KEY, **settings):
    settings = {"retries": {"max_attempts": 0}, "read_timeout": 60, **settings}
    return boto3.client(
        service, endpoint_url=url, region_name="us-east-1", aws_access_key_id=key[0], aws_secret_access_key=key[1],
        config=botocore.config.Config(**settings))


def error_of(call):
    """The code, status and message of the error that a call ends with."""
    try:
        call()
    except botocore.exceptions.ClientError as error:
        metadata = error.response.get("ResponseMetadata", {})
        return error.response["Error"]["Code"], metadata.get("HTTPStatusCode"), error.response["Error"]["Message"]
    return None


def check_converse(bedrock):
    first = bedrock.converse(modelId=CLAUDE, messages=HELLO, **USUAL)
    message = first["output"]["message"]
    text = message["content"][0]["text"]
    check("converse: shape", message["role"] == "assistant" and text != "", repr(first))
    check("converse: why it ended", first["stopReason"] in ("end_turn", "max_tokens"))
    usage = first["usage"]
    check("converse: usage adds up", usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"])
    check("converse: metrics", first["metrics"]["latencyMs"] > 0)
    check("converse: request id", uuid.UUID(first["ResponseMetadata"]["RequestId"]).version == 4)

    events = list(bedrock.converse_stream(modelId=CLAUDE, messages=HELLO, **USUAL)["stream"])
    deltas = [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event]
    check("converse: a stream gives the same text", "".join(deltas) == text, repr(deltas))
    check("converse: a stream begins with the role", events[0] == {"messageStart": {"role": "assistant"}})
    order = [next(iter(event)) for event in events[-3:]]
    check("converse: a stream's end", order == ["contentBlockStop", "messageStop", "metadata"], repr(order))
    check("converse: a stream's usage", events[-1]["metadata"]["usage"] == usage)

    arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us." + CLAUDE
    again = bedrock.converse(modelId=arn, messages=HELLO, system=[{"text": "Be brief."}], **USUAL)
    check("converse: ARNs and system", again["output"]["message"]["content"][0]["text"] != "")
    options = {"maxTokens": 40, "temperature": 0.0, "topP": 0.9, "stopSequences": [text[1:4]]}
    stopped = bedrock.converse(
        modelId=CLAUDE, messages=HELLO, inferenceConfig={**options, "temperature": 1.0},
        additionalModelRequestFields={"seed": 7, "top_p": 1, "guided_choice": [text]})
    check("converse: stop sequences are fields", stopped["stopReason"] in ("stop_sequence", "end_turn"))
    schema = {"jsonSchema": {"name": "city", "schema": json.dumps(SCHEMA)}}
    try:
        formed = bedrock.converse(
            modelId=CLAUDE, messages=HELLO, inferenceConfig={"maxTokens": 60},
            outputConfig={"textFormat": {"type": "json_schema", "structure": schema}})
        answer = json.loads(formed["output"]["message"]["content"][0]["text"])
        check("converse: a schema is kept", isinstance(answer["city"], str))
    except botocore.exceptions.ParamValidationError:
        print("skip  converse: this boto3 knows no outputConfig")
    except json.JSONDecodeError:
        check("converse: a schema is kept as far as the answer went", formed["stopReason"] == "max_tokens")


def check_tools(bedrock):
    forced = {"modelId": CLAUDE, "toolConfig": TOOLS, "additionalModelRequestFields": {"guided_choice": [CALL]}}
    answer = bedrock.converse(messages=HELLO, **forced)
    use = answer["output"]["message"]["content"][0].get("toolUse", {})
    check("tools: a call", use.get("name") == "get_weather" and use.get("input") == {"city": "Ulm"}, repr(answer))
    check("tools: why it ended", answer["stopReason"] == "tool_use")
    events = list(bedrock.converse_stream(messages=HELLO, **forced)["stream"])
    started = [event["contentBlockStart"] for event in events if "contentBlockStart" in event]
    check("tools: a stream begins the block", started[0]["start"]["toolUse"]["name"] == "get_weather")
    pieces = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    arguments = "".join(piece["toolUse"]["input"] for piece in pieces if "toolUse" in piece)
    check("tools: a stream's arguments", json.loads(arguments) == {"city": "Ulm"}, arguments)
    result = {"toolResult": {"toolUseId": use.get("toolUseId", "x"), "content": [{"json": {"sky": "grey"}}]}}
    messages = [*HELLO, answer["output"]["message"], {"role": "user", "content": [result]}]
    told = bedrock.converse(modelId=CLAUDE, messages=messages, toolConfig=TOOLS, **USUAL)
    check("tools: results are taken", told["output"]["message"]["role"] == "assistant")


def check_invoke(bedrock):
    bodies = [
        (LLAMA, {"prompt": "Once upon", "max_gen_len": 12, "seed": 3}, lambda body: body["generation"]),
        ("mistral.mistral-7b-instruct-v0:2", {"prompt": "Once upon", "max_tokens": 12, "seed": 3},
         lambda body: body["outputs"][0]["text"]),
        ("amazon.titan-text-express-v1",
         {"inputText": "Once upon", "textGenerationConfig": {"maxTokenCount": 12, "seed": 3}},
         lambda body: body["results"][0]["outputText"] if "results" in body else body["outputText"]),
    ]
    texts = []
    for model, fields, text in bodies:
        answer = bedrock.invoke_model(modelId=model, body=json.dumps(fields))
        texts.append(text(json.loads(answer["body"].read())))
        check(f"invoke: {model} content type", answer["contentType"] == "application/json")
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
        check(f"invoke: {model} counts", int(headers["x-amzn-bedrock-output-token-count"]) > 0)
        stream = bedrock.invoke_model_with_response_stream(modelId=model, body=json.dumps(fields))
        chunks = [json.loads(event["chunk"]["bytes"]) for event in stream["body"]]
        check(f"invoke: {model} streams the same", "".join(map(text, chunks)) == texts[-1], repr(chunks))
        check(f"invoke: {model} metrics", "amazon-bedrock-invocationMetrics" in chunks[-1])
    check("invoke: the same text in all bodies", len(set(texts)) == 1, repr(texts))

    conversation = {"prompt": "\n\nHuman: Say hello.\n\nAssistant:", "max_tokens_to_sample": 16, "seed": 3}
    claude = json.loads(bedrock.invoke_model(modelId="anthropic.claude-v2", body=json.dumps(conversation))["body"].read())
    check("invoke: Claude's conversations", claude["completion"] != "" and "stop_reason" in claude)
    jurassic = {"prompt": "Once upon", "maxTokens": 8, "numResults": 2}
    several = json.loads(bedrock.invoke_model(modelId="ai21.j2-mid-v1", body=json.dumps(jurassic))["body"].read())
    check("invoke: Jurassic's results", len(several["completions"]) == 2)
    nova = {"messages": HELLO, "inferenceConfig": {"maxTokens": 8}}
    answer = json.loads(bedrock.invoke_model(modelId="amazon.nova-lite-v1:0", body=json.dumps(nova))["body"].read())
    check("invoke: Nova", answer["output"]["message"]["role"] == "assistant")
    open_chat = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 8}
    answer = json.loads(bedrock.invoke_model(modelId="openai.gpt-oss-20b-1:0", body=json.dumps(open_chat))["body"].read())
    check("invoke: OpenAI's chats", answer["choices"][0]["message"]["role"] == "assistant")
    pooled = {"inputText": "Once upon", "pooling": "mean", "dimensions": 32}
    answer = bedrock.invoke_model(modelId="amazon.titan-embed-text-v2:0", body=json.dumps(pooled))
    vector = json.loads(answer["body"].read())
    check("invoke: Titan's vectors", len(vector["embedding"]) == 32 and vector["inputTextTokenCount"] > 0)
    pooled = {"texts": ["Once", "upon"], "input_type": "search_query", "pooling": "mean"}
    answer = bedrock.invoke_model(modelId="cohere.embed-english-v3", body=json.dumps(pooled))
    check("invoke: Cohere's vectors", len(json.loads(answer["body"].read())["embeddings"]) == 2)
    if hasattr(bedrock, "count_tokens"):
        counted = bedrock.count_tokens(modelId=LLAMA, input={"invokeModel": {"body": json.dumps(bodies[0][1])}})
        check("count_tokens: a body", counted["inputTokens"] > 0)
        talk = bedrock.count_tokens(modelId=LLAMA, input={"converse": {"messages": HELLO}})
        usage = bedrock.converse(modelId=LLAMA, messages=HELLO, inferenceConfig={"maxTokens": 1})["usage"]
        check("count_tokens: a conversation", talk["inputTokens"] == usage["inputTokens"])


def check_errors(bedrock, url):
    long = [{"role": "user", "content": [{"text": "many words " * 40000}]}]
    cases = [
        ("empty", lambda: bedrock.converse(modelId=LLAMA, messages=[]), "ValidationException", 400),
        ("too long", lambda: bedrock.converse(modelId=LLAMA, messages=long), "ValidationException", 400),
        ("image", lambda: bedrock.converse(modelId=LLAMA, messages=[
            {"role": "user", "content": [{"image": {"format": "png", "source": {"bytes": b"x"}}}]}]),
         "ValidationException", 400),
        ("body", lambda: bedrock.invoke_model(modelId=LLAMA, body=b"{"), "ValidationException", 400),
        ("no stream", lambda: bedrock.invoke_model_with_response_stream(
            modelId="ai21.j2-mid-v1", body=b'{"prompt":"a"}'), "ValidationException", 400),
        ("guardrail", lambda: bedrock.apply_guardrail(
            guardrailIdentifier="a", guardrailVersion="1", source="INPUT", content=[{"text": {"text": "a"}}]),
         "UnknownOperationException", 404),
    ]
    for name, call, code, status in cases:
        found = error_of(call)
        check(f"errors: {name}", found is not None and found[:2] == (code, status), repr(found))
    exceptions = bedrock.exceptions
    try:
        bedrock.converse(modelId=LLAMA, messages=[])
    except exceptions.ValidationException as error:
        check("errors: a modelled class", "messages" in str(error), str(error))


def check_models(url):
    control = client(url, "bedrock")
    models = control.list_foundation_models(byOutputModality="TEXT")["modelSummaries"]
    check("models: one is listed", len(models) == 1 and models[0]["responseStreamingSupported"])
    check("models: no pictures", control.list_foundation_models(byOutputModality="IMAGE")["modelSummaries"] == [])
    details = control.get_foundation_model(modelIdentifier=models[0]["modelId"])["modelDetails"]
    check("models: one is described", details["modelId"] == models[0]["modelId"])


def check_sagemaker(url):
    runtime = client(url, "sagemaker-runtime")
    chat = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 16, "seed": 7}
    answer = runtime.invoke_endpoint(
        EndpointName="llama", ContentType="application/json", Body=json.dumps(chat), CustomAttributes="accept_eula=true")
    text = json.loads(answer["Body"].read())["choices"][0]["message"]["content"]
    check("sagemaker: an answer", text != "" and answer["InvokedProductionVariant"] == "AllTraffic")
    check("sagemaker: attributes", answer["CustomAttributes"] == "accept_eula=true")
    stream = runtime.invoke_endpoint_with_response_stream(
        EndpointName="llama", ContentType="application/json", Body=json.dumps({**chat, "stream": True}))
    check("sagemaker: what a stream's parts are together", stream["ContentType"] == "text/event-stream")
    events = b"".join(event["PayloadPart"]["Bytes"] for event in stream["Body"]).decode()
    chunks = [json.loads(line[6:]) for line in events.splitlines() if line.startswith("data: {")]
    pieces = [choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"]]
    check("sagemaker: a stream gives the same text", "".join(pieces) == text, repr(pieces))
    dialog = {"inputs": [[{"role": "user", "content": "Hi"}]], "parameters": {"max_new_tokens": 8}}
    answer = runtime.invoke_endpoint(EndpointName="llama", ContentType="application/json", Body=json.dumps(dialog))
    check("sagemaker: JumpStart", json.loads(answer["Body"].read())[0]["generation"]["role"] == "assistant")
    texts = {"inputs": ["Once", "upon"], "pooling": "mean"}
    answer = runtime.invoke_endpoint(EndpointName="llama", ContentType="application/json", Body=json.dumps(texts))
    check("sagemaker: vectors", len(json.loads(answer["Body"].read())) == 2)
    found = error_of(lambda: runtime.invoke_endpoint(EndpointName="llama", Body=b'{"messages":3}'))
    check("sagemaker: errors of the model", found is not None and found[:2] == ("ModelError", 424), repr(found))


def check_queue(apus, model):
    with Server(apus, model, "--parallel", "1", "--queue", "0") as server:
        url = server.url
        bedrock = client(url)
        ask = lambda: error_of(lambda: bedrock.converse(
            modelId=LLAMA, messages=HELLO, inferenceConfig={"maxTokens": 300}))
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            codes = {found[0] for found in pool.map(lambda _: ask(), range(6)) if found}
        check("queue: throttled", codes == {"ThrottlingException"}, repr(codes))
        patient = client(url, retries={"max_attempts": 8, "mode": "standard"})
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            counts = pool.map(
                lambda _: patient.converse(
                    modelId=LLAMA, messages=HELLO, inferenceConfig={"maxTokens": 24})["usage"]["outputTokens"], range(2))
            check("queue: boto3 tries again", all(count > 0 for count in counts))


def check_key(apus, model):
    with Server(apus, model, "--api-key", "secret") as server:
        url = server.url
        found = error_of(lambda: client(url).converse(modelId=LLAMA, messages=HELLO))
        check("key: needed", found is not None and found[:2] == ("AccessDeniedException", 403), repr(found))
        os.environ["AWS_BEARER_TOKEN_BEDROCK"] = "secret"
        bedrock = boto3.client("bedrock-runtime", endpoint_url=url, region_name="us-east-1")
        # Newer clients send such a key over HTTPS only, which needs a proxy in front; what they would send is sent below.
        try:
            answer = bedrock.converse(modelId=LLAMA, messages=HELLO, inferenceConfig={"maxTokens": 4})
            check("key: AWS_BEARER_TOKEN_BEDROCK", answer["usage"]["outputTokens"] > 0)
        except botocore.exceptions.BotoCoreError as error:
            check("key: AWS_BEARER_TOKEN_BEDROCK over HTTPS only", "requires an HTTPS endpoint" in str(error), repr(error))
        body = json.dumps({"messages": HELLO, "inferenceConfig": {"maxTokens": 4}}).encode()
        request = urllib.request.Request(
            f"{url}/model/{LLAMA}/converse", body, {"Authorization": "Bearer secret", "Content-Type": "application/json"})
        check("key: as a bearer token", json.load(urllib.request.urlopen(request))["usage"]["outputTokens"] > 0)
        del os.environ["AWS_BEARER_TOKEN_BEDROCK"]


def check_names(apus, model):
    arguments = (f"small={model}", f"large={model}", "--alias", "anthropic.claude-*=small",
                 "--variant", "chat=small:1", "--variant", "chat=large:1")
    with Server(apus, *arguments) as server:
        answer = client(server.url).converse(modelId=CLAUDE, messages=HELLO, inferenceConfig={"maxTokens": 4})
        check("names: an alias", answer["usage"]["outputTokens"] > 0)
        found = error_of(lambda: client(server.url).converse(modelId=LLAMA, messages=HELLO))
        check("names: others are unknown", found is not None and found[0] == "ResourceNotFoundException", repr(found))
        runtime = client(server.url, "sagemaker-runtime")
        body = json.dumps({"prompt": "Once", "max_tokens": 4})
        for variant in ("small", "large"):
            answer = runtime.invoke_endpoint(EndpointName="chat", TargetVariant=variant, Body=body)
            check(f"names: variant {variant}", answer["InvokedProductionVariant"] == variant)
        chosen = runtime.invoke_endpoint(EndpointName="chat", Body=body)["InvokedProductionVariant"]
        check("names: a variant by chance", chosen in ("small", "large"))


def check_container(apus, model):
    """The platform's side of a container with many models, and a client of its endpoint."""
    with Server(apus, "--load-from", os.path.dirname(os.path.abspath(model)), "--kv-memory", "256M") as server:
        def call(method, path, body=None):
            data = None if body is None else json.dumps(body).encode()
            request = urllib.request.Request(server.url + path, data, method=method)
            try:
                with urllib.request.urlopen(request) as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as error:
                return error.code, None

        one = {"model_name": "one", "url": os.path.abspath(model)}
        check("container: begins without a model", call("GET", "/models") == (200, {"models": []}))
        check("container: loads", call("POST", "/models", one)[0] == 200)
        check("container: loads once", call("POST", "/models", one)[0] == 409)
        check("container: stays in its folder", call("POST", "/models", {"model_name": "x", "url": "/etc/passwd"})[0] == 400)
        check("container: lists", call("GET", "/models")[1]["models"][0]["modelName"] == "one")
        runtime = client(server.url, "sagemaker-runtime")
        body = json.dumps({"prompt": "Once", "max_tokens": 4})
        answer = runtime.invoke_endpoint(EndpointName="many", TargetModel="one", Body=body)
        check("container: answers", json.loads(answer["Body"].read())["choices"][0]["text"] != "")
        found = error_of(lambda: runtime.invoke_endpoint(EndpointName="many", TargetModel="two", Body=body))
        check("container: others are unknown", found is not None and found[0] == "ValidationError", repr(found))
        check("container: unloads", call("DELETE", "/models/one")[0] == 200 and call("GET", "/models/one")[0] == 404)


def check_later(apus, model):
    """Invocations whose requests and answers are objects, in a store that speaks as S3 does."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    store = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    store.start()
    host, port = store.get_host_and_port()
    address = f"http://{host}:{port}"
    objects = client(address, "s3")
    for bucket in ("requests", "answers"):
        objects.create_bucket(Bucket=bucket)
    body = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 8, "seed": 7}
    objects.put_object(Bucket="requests", Key="in/a b+c.json", Body=json.dumps(body))
    objects.put_object(Bucket="requests", Key="secret.json", Body=json.dumps(body))

    def text(place):
        bucket, key = place.removeprefix("s3://").split("/", 1)
        try:
            return objects.get_object(Bucket=bucket, Key=key)["Body"].read()
        except objects.exceptions.NoSuchKey:
            return None

    os.environ.update(AWS_ACCESS_KEY_ID=KEY[0], AWS_SECRET_ACCESS_KEY=KEY[1])
    try:
        with Server(apus, model, "--async-input", "s3://requests/in", "--async-output", "s3://answers/out",
                    "--s3-endpoint", address) as server:
            runtime = client(server.url, "sagemaker-runtime")
            invoke = lambda key, **more: runtime.invoke_endpoint_async(
                EndpointName="llama", InputLocation=f"s3://requests/{key}", ContentType="application/json", **more)
            taken = invoke("in/a b+c.json", InferenceId="mine", RequestTTLSeconds=600, InvocationTimeoutSeconds=300)
            check("later: taken", taken["InferenceId"] == "mine"
                  and taken["ResponseMetadata"]["HTTPStatusCode"] == 202, repr(taken))
            check("later: an answer", until(lambda: text(taken["OutputLocation"]) is not None, 120))
            answer = runtime.invoke_endpoint(EndpointName="llama", Body=json.dumps(body))["Body"].read()
            check("later: the same as at once",
                  json.loads(text(taken["OutputLocation"]))["choices"] == json.loads(answer)["choices"])
            failed = invoke("in/none.json")
            check("later: a failure", until(lambda: text(failed["FailureLocation"]) is not None, 120))
            found = error_of(lambda: invoke("secret.json"))
            check("later: stays in its folder", found is not None and found[:2] == ("ValidationError", 400), repr(found))
    finally:
        del os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
        store.stop()


def check_signatures(apus, model):
    with tempfile.NamedTemporaryFile("w", suffix=".ini") as file:
        file.write(f"[ci]\naws_access_key_id = {KEY[0]}\naws_secret_access_key = {KEY[1]}\n")
        file.flush()
        with Server(apus, model, "--aws-credentials", file.name) as server:
            few = {"maxTokens": 4}
            answer = client(server.url).converse(modelId=LLAMA, messages=HELLO, inferenceConfig=few)
            check("signatures: a known key", answer["usage"]["outputTokens"] > 0)
            runtime = client(server.url, "sagemaker-runtime")
            answer = runtime.invoke_endpoint(EndpointName="x", Body=b'{"prompt": "Once", "max_tokens": 4}')
            check("signatures: SageMaker", answer["InvokedProductionVariant"] == "AllTraffic")
            for name, key in (("secret", (KEY[0], "x")), ("key", ("AKIDOTHER", KEY[1]))):
                found = error_of(lambda: client(server.url, key=key).converse(modelId=LLAMA, messages=HELLO))
                check(f"signatures: a wrong {name}", found is not None and found[1] == 403, repr(found))


def check_retry(apus, model):
    """A client that has waited too long tries again, and the engine computes the answer once."""
    with Server(apus, model, "--retry-grace", "60") as server:
        bedrock = client(server.url, read_timeout=1, retries={"max_attempts": 12, "mode": "standard"})
        # On a machine that answers within a second nothing is tried again, which is as good.
        answer = bedrock.converse(
            modelId=LLAMA, messages=HELLO,
            inferenceConfig={"maxTokens": 200}, additionalModelRequestFields={"ignore_eos": True})
        check("retry: an answer", answer["usage"]["outputTokens"] == 200, repr(answer["usage"]))
        page = urllib.request.urlopen(server.url + "/metrics").read().decode()
        counts = re.findall(r"^apus_requests_total\{[^}]*\} (\d+)", page, re.MULTILINE)
        check("retry: computed once", sum(map(int, counts)) == 1, repr(counts))
        print(f"      tries: {answer['ResponseMetadata']['RetryAttempts'] + 1}")


def main(apus, model):
    with Server(apus, model) as server:
        url = server.url
        bedrock = client(url)
        check_converse(bedrock)
        check_tools(bedrock)
        check_invoke(bedrock)
        check_errors(bedrock, url)
        check_models(url)
        check_sagemaker(url)
    check_queue(apus, model)
    check_key(apus, model)
    check_names(apus, model)
    check_container(apus, model)
    check_later(apus, model)
    check_signatures(apus, model)
    check_retry(apus, model)


if __name__ == "__main__":
    run(main, __doc__)
