"""The command line of Benchmarks/load."""

import argparse
import json
import os
import sys

from serving import figures, report, runs
from serving.client import Failed, Server
from serving.prompts import Prompts

KEY = "OPENAI_API_KEY"


def arguments(words=None):
    parser = argparse.ArgumentParser(
        prog="load", description="Sends many requests at once to a server with OpenAI's API.",
        epilog=f"A key for the server is read from the environment ({KEY}).")
    parser.add_argument("--url", required=True, help="the server: http://localhost:8080, with or without /v1")
    parser.add_argument("--model", help="the model to name (default: the first that the server lists)")
    parser.add_argument("--chat", action="store_true", help="ask as a chat, for servers without /v1/completions")
    parser.add_argument("--clients", type=_count, default=4, help="clients, or streams, at once (default: 4)")
    parser.add_argument("--requests", type=_count, default=1, help="requests of each client (default: 1)")
    parser.add_argument("--prompt", type=_count, default=128, help="tokens of a prompt, about (default: 128)")
    parser.add_argument("--shared", type=int, default=0, help="of these, tokens that all prompts begin with")
    parser.add_argument("--tokens", type=_count, default=64, help="tokens to generate (default: 64)")
    parser.add_argument("--temperature", type=float, default=0, help="of the sampling; texts repeat themselves less at 1")
    parser.add_argument("--intruder", type=_count, help="tokens of a long prompt that comes in beside the streams")
    parser.add_argument("--undisturbed", type=float, default=5, help="seconds before it comes (default: 5)")
    parser.add_argument("--seed", type=int, default=1, help="of the random words; a new one misses all caches")
    parser.add_argument("--timeout", type=float, default=600, help="seconds to wait for a server's next bytes")
    parser.add_argument("--json", action="store_true", help="write one JSON object instead of a table")
    options = parser.parse_args(words)
    if not 0 <= options.shared <= options.prompt:
        parser.error("--shared must lie between 0 and --prompt")
    return options


def _count(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def main(words=None):
    options = arguments(words)
    try:
        server = Server(options.url, os.environ.get(KEY), options.model, options.chat, options.timeout, options.temperature)
    except Failed as error:
        sys.exit(f"load: {error}")
    found, answers, text = (_intrusion if options.intruder else _crowd)(options, server)
    print(json.dumps({"model": server.model, **found}) if options.json else text)
    errors = [answer.error for answer in answers if answer.error]
    if errors:
        sys.exit(f"load: {len(errors)} of {len(answers)} requests failed; the first: {errors[0]}")


def _crowd(options, server):
    prompts = Prompts(options.prompt, options.shared, options.seed)
    answers = runs.crowd(server, prompts, options.clients, options.requests, options.tokens)
    found = figures.summary(answers)
    return found, answers, report.crowd(found)


def _intrusion(options, server):
    prompts = Prompts(options.prompt, options.shared, options.seed)
    # Words of their own: the long prompts share nothing with the streams' or with each other.
    long_prompts = Prompts(options.intruder, 0, f"{options.seed} long")
    intrusion = runs.Intrusion(
        server, prompts, long_prompts, options.clients, options.tokens, options.undisturbed)
    streams, intruder, alone, begin = intrusion.run()
    found = figures.disturbance(streams, intruder, alone, begin)
    return found, [*streams, intruder, alone], report.intrusion(found)
