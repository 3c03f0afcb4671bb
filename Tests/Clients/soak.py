"""Many clients that ask in all dialects, whole and streamed, and often leave: nothing may leak, and no answer change.

Usage: soak.py APUS MODEL [REQUESTS] [SECONDS] [CLIENTS] [SEED]

Ends after REQUESTS (500) or SECONDS (0: no limit), whichever is later. CLIENTS (24) ask at once; what they do is
chosen by chance, which begins at SEED (1). Needs nothing but Python and Linux (/proc). Prints one line for each check
and exits 0 if all hold.
"""

import asyncio
import collections
import json
import os
import pathlib
import random
import socket
import struct
import time
import urllib.request

from dialects import DIALECTS, parsed, request
from harness import Server, check, run

PARALLEL = 8
# What memory may grow by after the first fifth: what is measured is the process, its allocator's slack included.
SLACK = 24 << 20
# What a stream holds that ended in an error.
ERRORS = (b'"error":{', b'"error":"', b":exception-type")


class Client:
    """What all clients ask, and what became of it."""

    def __init__(self, address, seed):
        self.address, self.random = address, random.Random(seed)
        self.ends = collections.Counter()
        self.texts = {}
        self.wrong = []

    async def ask(self):
        name = self.random.choice(list(DIALECTS))
        dialect = DIALECTS[name]
        tokens = self.random.choice([1, 4, 16])
        is_stream = self.random.random() < 0.5
        leaves = self.random.random() < 0.6
        # One who leaves may have asked for very much.
        body = dialect.body(2000 if leaves and self.random.random() < 0.5 else tokens)
        if is_stream and (dialect.stream_path is None or name == "SageMaker"):
            body["stream"] = True
        data = request(dialect.stream_path or dialect.path if is_stream else dialect.path, body)
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            if leaves:
                await self.leave(reader, writer, data)
            else:
                await self.stay(reader, writer, data, name, tokens, is_stream)
        finally:
            writer.close()

    async def leave(self, reader, writer, data):
        """Goes away in the middle of the request, before the answer, or in the middle of it; some by a reset."""
        kind = self.random.choice(["in the header", "in the body", "before the answer", "in the answer", "half-closed"])
        self.ends[f"left {kind}"] += 1
        head = data.index(b"\r\n\r\n") + 4
        cut = {"in the header": self.random.randrange(head), "in the body": head + self.random.randrange(len(data) - head)}
        writer.write(data[:cut.get(kind, len(data))])
        if kind == "half-closed":
            writer.write_eof()
        if kind in ("in the answer", "half-closed"):
            await asyncio.wait_for(reader.read(self.random.randrange(1, 2000)), 300)
        else:
            await asyncio.sleep(self.random.random() * 0.1)
        if self.random.random() < 0.5:
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()

    async def stay(self, reader, writer, data, name, tokens, is_stream):
        """Waits for the whole answer: a refusal, or the text that this question always has."""
        try:
            writer.write(data)
            status, body = parsed(await asyncio.wait_for(reader.read(), 300))
        except Exception as error:  # Whatever a lost connection looks like.
            self.wrong.append(f"{name}: {error!r}")
            return
        if status != 200:
            self.ends["refused"] += 1
            if not DIALECTS[name].is_refusal(status, json.loads(body)):
                self.wrong.append(f"{name}: {status} {body[:200]}")
        elif is_stream:
            self.ends["streamed"] += 1
            if any(word in body for word in ERRORS) or len(body) < 16:
                self.wrong.append(f"{name}: {body[-200:]}")
        else:
            self.ends["answered"] += 1
            text = DIALECTS[name].text(json.loads(body))
            if self.texts.setdefault((name, tokens), text) != text:
                self.wrong.append(f"{name}: {text!r}, not {self.texts[name, tokens]!r}")


def resident(process):
    fields = pathlib.Path(f"/proc/{process.pid}/statm").read_text().split()
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def health(server):
    with urllib.request.urlopen(server.url + "/health", timeout=60) as reply:
        return json.load(reply)


def metric(server, name):
    with urllib.request.urlopen(server.url + "/metrics", timeout=60) as reply:
        lines = reply.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name + "{") or line.startswith(name + " "))


async def soak(server, client, requests, seconds, clients):
    """Asks, and gives the memory after each fifth of the requests, or of the time."""
    began = time.monotonic()
    done, memory = 0, []

    def share():
        parts = [done / requests if requests else 1.0]
        parts += [(time.monotonic() - began) / seconds] if seconds else []
        return min(parts)

    async def work():
        nonlocal done
        while share() < 1:
            await client.ask()
            done += 1
            if share() * 5 >= len(memory) + 1:
                memory.append(resident(server.process))
                print(f"      {done} requests, {memory[-1] >> 20} MiB, {descriptors(server.process)} files", flush=True)

    await asyncio.gather(*(work() for _ in range(clients)))
    return memory


def wait_until_idle(server):
    for _ in range(600):
        found = health(server)
        if found["running"] == found["queued"] == found["requests"] == 0:
            return found
        time.sleep(0.1)
    return found


def main(apus, model, requests=500, seconds=0, clients=24, seed=1):
    print(f"      seed {seed}")
    options = ("--parallel", str(PARALLEL), "--queue", "16", "--context", "2048", "--kv-memory", "96M")
    with Server(apus, model, *options) as server:
        host, port = server.url.removeprefix("http://").split(":")
        client = Client((host, int(port)), seed)
        urllib.request.urlopen(server.url + "/health").close()
        before = descriptors(server.process)
        memory = asyncio.run(soak(server, client, requests, seconds, clients))
        for kind, count in sorted(client.ends.items()):
            print(f"      {count} {kind}")
        check("every answer is whole, the same as always, or a refusal in its dialect", not client.wrong,
              f"{len(client.wrong)}: " + "; ".join(client.wrong[:5]))
        found = wait_until_idle(server)
        check("nothing runs or waits any more", found["running"] == found["queued"] == found["requests"] == 0, repr(found))
        check("no sequence holds memory", metric(server, "apus_kv_blocks_used") == 0)
        check("metrics count none", metric(server, "apus_running_requests") == metric(server, "apus_queued_requests") == 0)
        for _ in range(100):
            if descriptors(server.process) <= before + 1:
                break
            time.sleep(0.1)
        check("no connection is left open", descriptors(server.process) <= before + 1,
              f"{descriptors(server.process)}, not {before}")
        check("memory is flat", max(memory[1:], default=0) - memory[0] < SLACK, str([size >> 20 for size in memory]))
        check("the server ends in order", server.stop() == 0)


if __name__ == "__main__":
    run(main, __doc__, numbers=4)
