#!/usr/bin/env python3
"""Walks the same schemas with Apus and with llguidance in one run, and prints one table.

    python3 -m pip install llguidance numpy
    swift build -c release --product MaskBench
    Benchmarks/masks/compare.py SCHEMAS.jsonl VOCABULARY.gguf [--program .build/release/MaskBench] [--rounds 3]

Both get each schema as a text, and walk the same tokens of the same instances. The engines take turns; of the rounds, for
each schema and each mask, the shortest time counts, as what else runs on a machine only adds to it. Times of llguidance
are taken around its calls from Python; what an empty call takes there is measured and taken off. "both" counts only the
schemas that both engines compile, "own" all that the engine itself compiles.
"""

import argparse
import json
import subprocess
import sys
import time

import llguidance
import llguidance.numpy
import numpy


class Vocabulary:
    """What llguidance asks of a tokenizer."""

    def __init__(self, line, arguments):
        texts = [bytes.fromhex(text) for text in line["tokens"]]
        self.special_token_ids = [token for token, text in enumerate(texts) if not text]
        self.tokens = [text or b"\xff<%d>" % token for token, text in enumerate(texts)]
        self.eos_token_id = line["end"]
        self.bos_token_id = None
        command = [arguments.program, "--encode", arguments.vocabulary]
        self.encoder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.known = {}

    def __call__(self, text):
        """Tokens of a text that must follow, as Apus splits it; kept, so that only the first round waits for them."""
        if isinstance(text, str):
            text = text.encode()
        if text not in self.known:
            self.encoder.stdin.write(text.hex() + "\n")
            self.encoder.stdin.flush()
            self.known[text] = json.loads(self.encoder.stdout.readline())
        return self.known[text]


class Walk:
    """llguidance on one vocabulary."""

    def __init__(self, vocabulary):
        self.vocabulary = vocabulary
        wrapper = llguidance.TokenizerWrapper(vocabulary)
        slices = llguidance.LLTokenizer.json_slices()
        self.tokenizer = llguidance.LLTokenizer(wrapper, n_vocab=len(vocabulary.tokens), slices=slices)
        self.mask = llguidance.numpy.allocate_token_bitmask(1, len(vocabulary.tokens))
        self.bits = self.mask[0]
        self.address = (self.bits.ctypes.data, self.bits.size * self.bits.itemsize)
        matcher = self.compile("{}")
        times = []
        for _ in range(1000):
            start = time.perf_counter_ns()
            matcher.is_error()
            times.append(time.perf_counter_ns() - start)
        self.call = sorted(times)[500]

    def compile(self, schema):
        options = {"whitespace_flexible": False}
        grammar = llguidance.LLMatcher.grammar_from_json_schema(schema, overrides=options)
        return llguidance.LLMatcher(self.tokenizer, grammar, log_level=0)

    def run(self, entry):
        """The same figures as MaskBench's."""
        start = time.perf_counter_ns()
        try:
            matcher = self.compile(entry["schema"])
            refused = matcher.is_error()
        except ValueError:
            refused = True
        outcome = {"refused": refused, "compile": time.perf_counter_ns() - start - 3 * self.call, "masks": []}
        outcome |= {"validRefused": 0, "invalidAccepted": 0}
        if refused:
            return outcome
        for test in entry["tests"]:
            accepted = self.accepts(matcher, test["tokens"], outcome["masks"])
            matcher.reset()
            if accepted and not test["valid"]:
                outcome["invalidAccepted"] += 1
            if not accepted and test["valid"]:
                outcome["validRefused"] += 1
        return outcome

    def accepts(self, matcher, tokens, masks):
        for token in tokens:
            start = time.perf_counter_ns()
            matcher.unsafe_compute_mask_ptr(*self.address)
            masks.append(max(0, time.perf_counter_ns() - start - self.call))
            if not self.bits[token // 32] >> (token % 32) & 1:
                return False
            if not matcher.consume_token(token):
                return False
        return matcher.is_accepting()


def apus(arguments):
    """MaskBench's lines: the vocabulary, then one for each schema."""
    command = [arguments.program, arguments.schemas, arguments.vocabulary, "--json"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return json.loads(lines[0]), [json.loads(line) for line in lines[1:]]


def shortest(rounds):
    """For each schema the shortest times of the rounds."""
    best = []
    for outcomes in zip(*rounds):
        first = dict(outcomes[0])
        first["compile"] = min(outcome["compile"] for outcome in outcomes)
        first["masks"] = [min(times) for times in zip(*(outcome["masks"] for outcome in outcomes))]
        best.append(first)
    return best


def microseconds(times, share):
    if not times:
        return "-"
    times = sorted(times)
    return f"{times[min(len(times) - 1, int(len(times) * share))] / 1000:,.1f}"


def row(name, outcomes, entries):
    compiles = [outcome["compile"] for outcome in outcomes if not outcome["refused"]]
    masks = [mask for outcome in outcomes if not outcome["refused"] for mask in outcome["masks"]]
    mean = f"{sum(masks) / len(masks) / 1000:,.1f}" if masks else "-"
    cells = [name, len(compiles), mean]
    cells += [microseconds(masks, share) for share in (0.5, 0.99, 0.999)]
    cells += [microseconds(compiles, share) for share in (0.5, 0.99, 1)]
    passing = sum(not (o["refused"] or o["validRefused"] or o["invalidAccepted"]) for o in outcomes)
    cells += [passing, sum(o["validRefused"] for o in outcomes), sum(o["invalidAccepted"] for o in outcomes)]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("schemas")
    parser.add_argument("vocabulary")
    parser.add_argument("--program", default=".build/release/MaskBench")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    ours, theirs = [], []
    walk = None
    for _ in range(arguments.rounds):
        vocabulary, outcomes = apus(arguments)
        ours.append(outcomes)
        walk = walk or Walk(Vocabulary(vocabulary, arguments))
        theirs.append([walk.run(entry) for entry in outcomes])
    ours, theirs = shortest(ours), shortest(theirs)
    version = llguidance.__version__
    print(f"{len(ours)} schemas, {arguments.rounds} rounds; a call from Python: {walk.call} ns, taken off\n")
    print("| engine, schemas | compiled | mask µs: mean | p50 | p99 | p99.9 | compile µs: p50 | p99 | slowest"
          " | passing | valid refused | invalid accepted |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    both = [index for index, (a, b) in enumerate(zip(ours, theirs)) if not (a["refused"] or b["refused"])]
    for kind, chosen in (("own", range(len(ours))), ("both", both)):
        for name, outcomes in (("Apus", ours), (f"llguidance {version}", theirs)):
            print(row(f"{name}, {kind}", [outcomes[index] for index in chosen], ours))


if __name__ == "__main__":
    sys.exit(main())
