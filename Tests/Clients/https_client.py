"""Drives a server that speaks HTTPS with curl and the unmodified `openai` and `boto3` clients.

Usage: https_client.py APUS MODEL

Starts `APUS serve MODEL` with a certificate that signs itself (made by the openssl program) on a free port. Needs curl
and the packages that `run` installs. Prints one line for each check and exits 0 if all hold.
"""

import os
import shutil
import signal
import ssl
import subprocess
import tempfile

import boto3
import botocore.config
import httpx
import openai

from harness import Server, check, raised, run, until

KEY = "sk-apus-1234567890"
CLAUDE = "anthropic.claude-3-sonnet-20240229-v1:0"


def make_certificate(folder, name):
    """Two files in PEM: a certificate for this machine, and its key."""
    chain, key = os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", chain],
        check=True, capture_output=True)
    return chain, key


def curl(chain, *arguments):
    """What curl prints, trusting only that certificate; its code where it fails."""
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--cacert", chain, "-H", f"Authorization: Bearer {KEY}", *arguments],
        capture_output=True, text=True, timeout=60)
    return done.stdout if done.returncode == 0 else done.returncode


def check_curl(url, chain):
    version = ["--output", "/dev/null", "--write-out", "%{http_code} %{http_version}", url + "/v1/models"]
    check("curl: HTTP/1.1", curl(chain, "--http1.1", *version) == "200 1.1")
    check("curl: HTTP/2", curl(chain, "--http2", *version) == "200 2")
    quiet = ["--output", "/dev/null"] * 2
    form = ["--write-out", "%{http_code} %{http_version}\n"]
    both = curl(chain, "--http2", "--parallel", *quiet, *form, url + "/v1/models", url + "/health")
    check("curl: requests side by side", both == "200 2\n" * 2, repr(both))
    ask = ["--http2", "-d", '{"prompt": "Once", "max_tokens": 4, "stream": true}', url + "/v1/completions"]
    check("curl: a stream over HTTP/2", "[DONE]" in str(curl(chain, *ask)))
    with tempfile.NamedTemporaryFile() as file:
        file.write(b" " * (9 << 20))
        file.flush()
        large = ["--http2", "--output", "/dev/null", "--write-out", "%{http_code}", "--data-binary", "@" + file.name]
        answer = curl(chain, *large, url + "/v1/completions")
        check("curl: a body that is too large is refused over HTTP/2", answer == "413", repr(answer))
    check("curl: TLS 1.2", curl(chain, "--tls-max", "1.2", *version).startswith("200"))
    check("curl: not TLS 1.1", isinstance(curl(chain, "--tls-max", "1.1", *version), int))
    plain = url.replace("https://", "http://")
    check("curl: nothing in clear text", isinstance(curl(chain, "--max-time", "5", plain + "/health"), int))


def check_openai(url, chain):
    with httpx.Client(verify=ssl.create_default_context(cafile=chain)) as http:
        client = openai.OpenAI(base_url=url + "/v1", api_key=KEY, http_client=http, max_retries=0)
        check("openai: models", len(client.models.list().data) == 1)
        stream = client.completions.create(model="any", prompt="Once upon", max_tokens=8, seed=1, stream=True)
        text = "".join(frame.choices[0].text for frame in stream if frame.choices)
        whole = client.completions.create(model="any", prompt="Once upon", max_tokens=8, seed=1)
        check("openai: a stream gives the same text", text == whole.choices[0].text, repr(text))
    stranger = openai.OpenAI(base_url=url + "/v1", api_key=KEY, max_retries=0)
    error = raised(openai.APIConnectionError, lambda: stranger.models.list())
    check("openai: a certificate that nobody trusts is noticed", error is not None)


def check_boto3(url, chain):
    """A bearer token: boto3 sends it over HTTPS only."""
    os.environ |= {"AWS_BEARER_TOKEN_BEDROCK": KEY, "AWS_CA_BUNDLE": chain, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url}
    bedrock = boto3.client(
        "bedrock-runtime", region_name="us-east-1",
        config=botocore.config.Config(retries={"max_attempts": 0}, read_timeout=60))
    ask = {"modelId": CLAUDE, "messages": [{"role": "user", "content": [{"text": "Hello"}]}],
           "inferenceConfig": {"maxTokens": 8}, "additionalModelRequestFields": {"seed": 7}}
    answer = bedrock.converse(**ask)
    text = answer["output"]["message"]["content"][0]["text"]
    check("boto3: converse with a bearer token", text != "", repr(answer))
    events = bedrock.converse_stream(**ask)["stream"]
    deltas = [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event]
    check("boto3: a stream gives the same text", "".join(deltas) == text, repr(deltas))


def check_reload(server, folder, chain, key):
    other, other_key = make_certificate(folder, "other")
    with open(chain, "w") as file:
        file.write("nonsense")
    server.process.send_signal(signal.SIGHUP)
    check("reload: a wrong file is told", until(lambda: any("it stays as it was" in line for line in list(server.lines))))
    old = os.path.join(folder, "old.pem")
    check("reload: and changes nothing", "running" in str(curl(old, server.url + "/health")))
    shutil.copy(other_key, key)
    shutil.copy(other, chain)
    server.process.send_signal(signal.SIGHUP)
    check("reload: new connections get the new certificate",
          until(lambda: "running" in str(curl(other, server.url + "/health"))))


def main(apus, model):
    with tempfile.TemporaryDirectory() as folder:
        chain, key = make_certificate(folder, "chain")
        shutil.copy(chain, os.path.join(folder, "old.pem"))
        missing = subprocess.run(
            [apus, "serve", model, "--tls-cert", chain, "--tls-key", folder + "/none"], capture_output=True, text=True)
        check("start: a missing file is named", missing.returncode == 64 and folder + "/none" in missing.stderr)
        half = subprocess.run([apus, "serve", model, "--tls-cert", chain], capture_output=True, text=True)
        check("start: a certificate needs its key", half.returncode == 64 and "--tls-key" in half.stderr)
        options = ["--api-key", KEY, "--tls-cert", chain, "--tls-key", key]
        with Server(apus, model, *options) as server:
            check("the address is that of HTTPS", server.url.startswith("https://"))
            check_curl(server.url, chain)
            check_openai(server.url, chain)
            check_boto3(server.url, chain)
            check_reload(server, folder, chain, key)
            check("SIGTERM exits with 0", server.stop() == 0)


if __name__ == "__main__":
    run(main, __doc__)
