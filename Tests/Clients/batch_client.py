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


def check_expiry(api):
    policy = {"anchor": "created_at", "seconds": 90_000}
    file = api.files.create(
        file=("in.jsonl", io.BytesIO(line("a").encode())), purpose="batch", expires_after=policy)
    check("files: expire as told", file.expires_at == file.created_at + 90_000, repr(file))
    batch = end_of(api, api.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h",
        output_expires_after={"anchor": "created_at", "seconds": 3600}))
    output = api.files.retrieve(batch.output_file_id)
    check("batches: files expire as told", output.expires_at == output.created_at + 3600, repr(output))
    file = api.files.create(file=("in.jsonl", io.BytesIO(b"x")), purpose="batch")
    check("files: expire after 30 days", file.expires_at == file.created_at + 30 * 86_400, repr(file))


def check_room(api):
    file, batch = send(api, *(line(str(number), tokens=40) for number in range(8)))
    batch = end_of(api, batch)
    check("batches: end where there is no room", batch.status == "failed", repr(batch))
    check("batches: no room is told", batch.errors.data[0].code == "no_room", repr(batch))
    names = [answer["custom_id"] for answer in content(api, batch.output_file_id)]
    check("batches: keep what was answered", len(names) == batch.request_counts.completed < 8, repr(batch))
    large = ("in.jsonl", io.BytesIO(b"x" * 20_000))
    error = raised(lambda: api.files.create(file=large, purpose="batch"))
    check("files: too large", error.status_code == 413, repr(error))


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
            check_expiry(client(server))
            batch = send(client(server), *(line(str(number), tokens=40) for number in range(12)))[1]
            while client(server).batches.retrieve(batch.id).request_counts.completed == 0:
                time.sleep(0.02)
        # The server was killed in the middle of it.
        with Server(apus, model, "--files", folder) as server:
            api = client(server)
            batch = end_of(api, api.batches.retrieve(batch.id))
            names = sorted(answer["custom_id"] for answer in content(api, batch.output_file_id))
            check("restart: every line has one answer", names == sorted(map(str, range(12))), repr(names))
    with tempfile.TemporaryDirectory() as folder:
        with Server(apus, model, "--files", folder, "--files-room-per-key", "4K", "--file-size", "10K") as server:
            check_room(client(server))
    with Server(apus, model) as server:
        error = raised(lambda: client(server).files.list())
        check("without a folder: refused", isinstance(error, openai.BadRequestError), repr(error))


if __name__ == "__main__":
    run(main, __doc__)
