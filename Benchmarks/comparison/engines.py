"""How each engine is called, and how its answer is read."""

import dataclasses
import functools
import hashlib
import json
import os
import pathlib
import statistics
import subprocess

from comparison import catalog, process


@dataclasses.dataclass(frozen=True)
class Answer:
    """One measurement of one engine."""

    value: float
    peak_bytes: int
    major_faults: int
    # What Apus says beside it, for the plots.
    details: dict = dataclasses.field(default_factory=dict)


class Engine:
    name = ""
    program = pathlib.Path()
    # Ways to call the engine, of which the fastest is taken for each test.
    variants = [""]

    def measure(self, model, test, threads, repetitions, variant):
        raise NotImplementedError

    def version(self):
        raise NotImplementedError

    def fingerprint(self):
        """Tells one build of the program from another."""
        return hashlib.sha256(pathlib.Path(self.program).read_bytes()).hexdigest()[:16]


class Apus(Engine):
    name = "Apus"

    def __init__(self, program):
        self.program = program

    def version(self):
        return process.run([self.program, "--version"]).output.strip().removeprefix("apus ")

    def measure(self, model, test, threads, repetitions, variant):
        is_load = test.name == catalog.LOAD
        command = [self.program, "bench", model.path, "-o", "json", "--no-limits", "-t", threads]
        command += ["-p", test.prompt, "-n", test.generate, "-d", test.depth, "--batched", test.sequences]
        command += ["-r", "1", "--no-warmup"] if is_load else ["-r", repetitions]
        run = process.run(command)
        record = _json_lines(run.output)[-1]
        value = run.seconds if is_load else record["tokens_per_second"]
        names = ["weight_bytes_per_token", "kv_bytes_per_token", "operations_per_token", "kernels", "model_bytes"]
        return Answer(value, run.peak_bytes, run.major_faults, {name: record[name] for name in names})

    def limits(self, threads):
        """What the machine can do: `{limit: units per second}`."""
        run = process.run([self.program, "bench", "--limits", "-o", "json", "-t", threads])
        return {record["limit"]: record for record in _json_lines(run.output)}


class LlamaBench(Engine):
    """llama.cpp and its relatives, by their `llama-bench` and the `llama-batched-bench` beside it."""

    def __init__(self, name, program):
        self.name = name
        self.program = pathlib.Path(program)
        self.batched = self.program.with_name(self.program.name.replace("llama-bench", "llama-batched-bench"))
        if not os.access(self.program, os.X_OK):
            raise SystemExit(f"compare: {self.program} is not a program: give the path of a llama-bench")
        self.variants = ["fa on", "fa off"]

    def version(self):
        result = subprocess.run([self.program, "--version"], capture_output=True, text=True)
        lines = [line for line in (result.stdout + result.stderr).splitlines() if "version" in line.lower()]
        return lines[0].strip().removeprefix("version: ") if lines else "unknown version"

    @functools.cached_property
    def _help(self):
        result = subprocess.run([self.program, "--help"], capture_output=True, text=True)
        return result.stdout + result.stderr

    @property
    def _best_flags(self):
        """Weights in memory of its own, which lets it repack them; huge pages where it knows them."""
        flags = []
        if "--load-mode" in self._help:
            flags += ["-lm", "none"]
        elif "--mmap" in self._help:
            flags += ["-mmp", "0"]
        for flag in ["-rtr", "-thp"]:
            if f"{flag}," in self._help:
                flags += [flag, "1"]
        return flags

    def _attention(self, variant):
        words = ("on", "off") if "<on|off|auto>" in self._help else ("1", "0")
        return ["-fa", words[variant != "fa on"]]

    @property
    def _environment(self):
        """Threads that keep their cores and wait actively: without it, they meet on one core now and then."""
        places = ",".join(f"{{{cpu}}}" for cpu in sorted(os.sched_getaffinity(0)))
        return {"OMP_WAIT_POLICY": "active", "OMP_PROC_BIND": "true", "OMP_PLACES": places}

    def measure(self, model, test, threads, repetitions, variant):
        if test.sequences > 1:
            return self._measure_batched(model, test, threads, variant)
        is_load = test.name == catalog.LOAD
        command = [self.program, "-m", model.path, "-t", threads, "-o", "json", "-p", test.prompt, "-n", test.generate]
        command += self._attention(variant) + self._best_flags
        command += ["-d", test.depth] if test.depth else []
        command += ["-r", "1", "--no-warmup"] if is_load else ["-r", repetitions]
        run = process.run(command, self._environment)
        record = json.loads(run.output)[-1]
        value = run.seconds if is_load else statistics.median(record["samples_ts"])
        return Answer(value, run.peak_bytes, run.major_faults)

    def _measure_batched(self, model, test, threads, variant):
        if not os.access(self.batched, os.X_OK):
            raise process.Failed(f"{self.name} has no {self.batched.name}")
        context = test.sequences * (test.depth + test.generate)
        command = [self.batched, "-m", model.path, "-t", threads, "-c", context, "--output-format", "jsonl"]
        command += ["-npp", test.depth, "-ntg", test.generate, "-npl", test.sequences]
        command += ["-fa", "on" if variant == "fa on" else "off"] + self._batched_flags
        run = process.run(command, self._environment)
        return Answer(_json_lines(run.output)[-1]["speed_tg"], run.peak_bytes, run.major_faults)

    @functools.cached_property
    def _batched_flags(self):
        result = subprocess.run([self.batched, "--help"], capture_output=True, text=True)
        flags = ["--no-mmap"] if "--no-mmap" in result.stdout + result.stderr else []
        return ["-lm", "none"] if "--load-mode" in result.stdout + result.stderr else flags


def _json_lines(text):
    """The lines that are JSON objects; programs print others between them."""
    lines = [line for line in text.splitlines() if line.startswith("{")]
    if not lines:
        raise process.Failed(f"no result in: {text[-300:]}")
    return [json.loads(line) for line in lines]
