"""Signs random requests with botocore and writes them as the vectors of SignatureTests.swift.

    python3 signatures.py COUNT [SEED] > signatures.json
"""

import datetime
import json
import random
import string
import sys
from unittest import mock
from urllib.parse import urlsplit

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
chance = random.Random(seed)
MODELS = [
    "anthropic.claude-3-sonnet-20240229-v1%3A0",
    "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.meta.llama3-8b",
    "a%20b%25c",
    "x~y_z-1.2",
    "%E2%82%AC",
    "..",
    ".",
    "",
    "a+b",
    "caf\u00e9",
]


def word(letters, most):
    return "".join(chance.choice(letters) for _ in range(chance.randint(1, most)))


def one(kind):
    operations = ["invoke", "converse", "converse-stream", "invoke/", "/invoke", "%2e%2E/x"]
    path = f"/model/{chance.choice(MODELS)}/{chance.choice(operations)}"
    escaped = ["%20", "%2F", "%C3%A9", "a", "B", "0", "-", ".", "_", "~", "%3D", "%26"]
    query = "&".join(
        word(string.ascii_letters, 3) + "=" + "".join(chance.choice(escaped) for _ in range(chance.randint(0, 4)))
        for _ in range(chance.choice([0, 0, 1, 2, 5]))
    )
    if kind == "query":
        # botocore reads a query as names and values, and each name once.
        query = "&".join({pair.split("=")[0]: pair for pair in query.split("&")}.values())
    body = "".join(chance.choice(string.printable) for _ in range(chance.choice([0, 1, 50, 3000]))).encode()
    key = Credentials(
        "AKID" + word(string.ascii_uppercase + string.digits, 16),
        word(string.ascii_letters + string.digits + "+/", 40),
        word(string.ascii_letters + "+/=", 200) if chance.random() < 0.3 else None,
    )
    fields = {"Content-Type": "application/json", "User-Agent": "Boto3/1 x", "X-Amzn-Trace-Id": "Root=1"}
    for _ in range(chance.randint(0, 4)):
        values = ["", " a ", "a   b\t c", '"quoted"  text', "x," * 30, "t\u00e9l\u00e9"]
        fields["X-" + word(string.ascii_letters + "-", 8)] = chance.choice(values)
    if chance.random() < 0.5:
        fields["amz-sdk-invocation-id"] = word(string.hexdigits, 30)
    host = chance.choice(["127.0.0.1:8080", "bedrock-runtime.us-east-1.amazonaws.com", "[::1]:81", "apus.example"])
    service = chance.choice(["bedrock", "sagemaker"])
    region = chance.choice(["us-east-1", "eu-central-2", "local"])
    now = datetime.datetime(2024, 1, 1) + datetime.timedelta(seconds=chance.randint(0, 10**9))
    request = AWSRequest(
        method=chance.choice(["POST", "GET"]),
        url=f"http://{host}{path}" + (f"?{query}" if query else ""),
        headers=fields,
        data=body,
    )
    with mock.patch.object(auth, "get_current_datetime", lambda: now):
        if kind == "query":
            request.data = b""
            body = b""
            expires = chance.choice([1, 300, 43200, 604800])
            auth.SigV4QueryAuth(key, service, region, expires=expires).add_auth(request)
        else:
            auth.SigV4Auth(key, service, region).add_auth(request)
    parts = urlsplit(request.url)
    return {
        "method": request.method,
        "target": parts.path + ("?" + parts.query if parts.query else ""),
        "headers": [["host", host]] + [[name, value] for name, value in request.headers.items()],
        "body": body.decode(),
        "key": [key.access_key, key.secret_key, key.token],
        "service": service,
        "time": int(now.replace(tzinfo=datetime.timezone.utc).timestamp()),
    }


vectors = [one("query" if index % 4 == 3 else "header") for index in range(count)]
print("[\n" + ",\n".join(json.dumps(vector) for vector in vectors) + "\n]")
