"""What a server costs beside its engine.

Tokens per second: `apus bench` generates with so many sequences at once; then as many streams run over HTTP, on the same
machine and at the same depth, and the time counts in which all of them run. The two take turns, and medians are compared.

Time to the first byte: a prompt that the server knows is sent again and again. What a client waits for, less what the
server's metrics say that the engine took from the request's arrival to its first token, is the server's own.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import threading
import urllib.request

from serving import runs
from serving.client import Server
from serving.prompts import Prompts

PROMPT, STREAMS = 32, (1, 8)
KNOWN_PROMPT, KNOWN_REQUESTS = 512, 50
# What the project promises.
MOST_SHARE, MOST_SECONDS = 0.03, 0.005


def main(words=None):
    parser = argparse.ArgumentParser(prog="overhead", description="Says what a server costs beside its engine.")
    parser.add_argument("apus", help="the program")
    parser.add_argument("model", help="the model: a GGUF file")
    parser.add_argument("--tokens", type=int, default=128, help="tokens of a stream (default: 128)")
    parser.add_argument("--rounds", type=int, default=5, help="how often the two take turns (default: 5)")
    options = parser.parse_args(words)
    process, url = _serve(options)
    try:
        failed = [streams for streams in STREAMS if not _compare(options, Server(url, temperature=1), streams)]
        is_fast = _first_byte(url)
    finally:
        process.kill()
        process.wait()
    sys.exit(1 if failed or not is_fast else 0)


def _serve(options):
    command = [options.apus, "serve", options.model, "--listen", "127.0.0.1:0", "--store", "none", "--cache", "off"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        found = re.search(r"listening on (http://[^\s\"]+)", line)
        if found:
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return process, found.group(1)
    raise SystemExit("overhead: the server did not start")


def _compare(options, server, streams):
    """Whether the server keeps the promise with so many streams; prints what was measured."""
    engine, http = [], []
    for number in range(options.rounds):
        engine.append(_engine(options, streams))
        prompts = Prompts(PROMPT, seed=f"{streams} {number}")
        answers = runs.crowd(server, prompts, streams, 1, options.tokens)
        errors = [answer.error for answer in answers if answer.error]
        if errors:
            raise SystemExit(f"overhead: a request failed: {errors[0]}")
        http.append(rate(answers))
    engine, http = statistics.median(engine), statistics.median(http)
    share = 1 - http / engine
    print(f"{streams} streams: engine {engine:.1f} tokens/s, HTTP {http:.1f}, {share:+.1%} (at most {MOST_SHARE:.0%})")
    return share <= MOST_SHARE


def rate(answers):
    """Tokens per second while all of the answers run; pieces of text count for as many tokens as they have on average."""
    start = max(answer.times[0] for answer in answers)
    end = min(answer.times[-1] for answer in answers)
    if end <= start:
        raise SystemExit("overhead: one stream ended before another began: give them more --tokens")
    tokens = sum(
        sum(start < time <= end for time in answer.times) * answer.count / len(answer.times) for answer in answers)
    return tokens / (end - start)


def _engine(options, streams):
    command = [
        options.apus, "bench", options.model, "-p", "0", "-n", str(options.tokens), "-d", str(PROMPT),
        "--batched", str(streams), "-r", "1", "--no-limits", "-o", "json"]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(found.splitlines()[0])["tokens_per_second"]


def _first_byte(url):
    server, prompt = Server(url, temperature=1), Prompts(KNOWN_PROMPT, seed="known")[0]
    server.ask(prompt, 1)
    before = _engine_time(url)
    times = [server.ask(prompt, 1).first for _ in range(KNOWN_REQUESTS)]
    after = _engine_time(url)
    engine = (after[0] - before[0]) / (after[1] - before[1])
    own = statistics.mean(times) - engine
    print(
        f"first byte of a known prompt: {statistics.mean(times) * 1000:.2f} ms, of which the engine "
        f"{engine * 1000:.2f}, the server {own * 1000:.2f} (at most {MOST_SECONDS * 1000:.0f})")
    return own <= MOST_SECONDS


def _engine_time(url):
    """Seconds to first tokens since the start, in all, and how many there were."""
    with urllib.request.urlopen(url + "/metrics") as reply:
        text = reply.read().decode()

    def value(part):
        found = re.search(rf"^apus_time_to_first_token_seconds_{part}\{{[^}}]*\}} (\S+)$", text, re.MULTILINE)
        return float(found.group(1)) if found else 0.0

    return value("sum"), value("count")
