"""Drives files and batches with the unmodified `openai` client.

Usage: batch_client.py APUS MODEL

Starts `APUS serve MODEL` on a free port, twice with one folder. MODEL is any small model with a chat template. Prints one
line for each check and exits 0 if all hold.
"""

import functools
import io
import json
import tempfile
import time

import openai

import harness
from harness import Server, check, run

raised = functools.partial(harness.raised, openai.APIStatusError)


def line(name, tokens=4, **body):
    message = {"role": "user", "content": "Say hello."}
    return json.dumps({
        "custom_id": name, "method": "POST", "url": "/v1/chat/completions",
        "body": {"messages": [message], "max_tokens": tokens, "ignore_eos": True, "seed": 7, **body}})


def client(server):
    return openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0)


def send(api, *lines):
    file = api.files.create(file=("in.jsonl", io.BytesIO("\n".join(lines).encode())), purpose="batch")
    return file, api.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"a": "b"})


def end_of(api, batch):
    while batch.status not in ("completed", "failed", "expired", "cancelled"):
        time.sleep(0.05)
        batch = api.batches.retrieve(batch.id)
    return batch


def content(api, file):
    return [json.loads(line) for line in api.files.content(file).text.splitlines()] if file else []


def check_answers(api):
    file, batch = send(api, line("a"), line("b"), line("c", temperature="warm"))
    check("files: described", api.files.retrieve(file.id).bytes == file.bytes > 0 and file.purpose == "batch")
    check("files: listed", [entry.id for entry in api.files.list(purpose="batch")] == [file.id])
    batch = end_of(api, batch)
    counts = batch.request_counts
    check("batches: counted", (counts.total, counts.completed, counts.failed) == (3, 2, 1), repr(batch))
    answers = content(api, batch.output_file_id)
    check("batches: answers", {answer["custom_id"] for answer in answers} == {"a", "b"}, repr(answers))
    own = api.chat.completions.create(
        model="any", messages=[{"role": "user", "content": "Say hello."}], max_tokens=4, seed=7,
        extra_body={"ignore_eos": True}).choices[0].message.content
    texts = {answer["response"]["body"]["choices"][0]["message"]["content"] for answer in answers}
    check("batches: the path's own answers", texts == {own}, repr(texts))
    errors = content(api, batch.error_file_id)
    check("batches: errors", [error["response"]["status_code"] for error in errors] == [400], repr(errors))
    check("batches: listed", [entry.id for entry in api.batches.list(limit=1)] == [batch.id])
    check("files: deleted", api.files.delete(file.id).deleted)
    check("files: gone", isinstance(raised(lambda: api.files.retrieve(file.id)), openai.NotFoundError))


def check_wrong(api):
    batch = end_of(api, send(api, line("a"), "{")[1])
    check("batches: a wrong file", batch.status == "failed" and batch.errors.data[0].line == 2, repr(batch))
    batch = api.batches.cancel(send(api, line("a", tokens=2000), line("b", tokens=2000))[1].id)
    check("batches: cancelled", end_of(api, batch).status == "cancelled", repr(batch))


def main(apus, model):
    with tempfile.TemporaryDirectory() as folder:
        with Server(apus, model, "--files", folder) as server:
            check_answers(client(server))
            check_wrong(client(server))
            batch = send(client(server), *(line(str(number), tokens=40) for number in range(12)))[1]
            while client(server).batches.retrieve(batch.id).request_counts.completed == 0:
                time.sleep(0.02)
        # The server was killed in the middle of it.
        with Server(apus, model, "--files", folder) as server:
            api = client(server)
            batch = end_of(api, api.batches.retrieve(batch.id))
            names = sorted(answer["custom_id"] for answer in content(api, batch.output_file_id))
            check("restart: every line has one answer", names == sorted(map(str, range(12))), repr(names))
    with Server(apus, model) as server:
        error = raised(lambda: client(server).files.list())
        check("without a folder: refused", isinstance(error, openai.BadRequestError), repr(error))


if __name__ == "__main__":
    run(main, __doc__)
