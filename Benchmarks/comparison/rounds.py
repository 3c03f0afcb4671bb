"""The order in which things are measured: engines in turn, round after round."""

import datetime
import os
import platform
import sys

from comparison import process

# Files below this size are measured several times in one process: their single runs are too short.
SMALL_FILE = 1 << 30


def describe_machine():
    """What the tables say about this machine."""
    cpu = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
        cpu = names[0] if names else cpu
    except OSError:
        pass
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cpu": cpu, "cores": len(os.sched_getaffinity(0)), "memory_bytes": memory}


class Comparison:
    """Engines, models and tests, and what is known about them so far."""

    def __init__(self, engines, models, tests, threads, rounds, results):
        self.engines = engines
        self.models = models
        self.tests = tests
        self.threads = threads
        self.rounds = rounds
        self.results = results

    def run(self):
        self._note_what_is_measured()
        steps = [
            (number, model, threads, test)
            for number in range(self.rounds)
            for model in self.models
            for threads in self.threads
            for test in self.tests
        ]
        for index, (number, model, threads, test) in enumerate(steps):
            self._measure_limits(number, threads)
            # A B, then B A: nobody is always the one who comes first.
            engines = self.engines if number % 2 == 0 else self.engines[::-1]
            for engine in engines:
                if self.results.find(number, engine.name, model.name, test.name, threads):
                    continue
                say(f"[{index + 1}/{len(steps)}] {model.name}, {test.name}, {threads} threads: {engine.name}", end=" ")
                self._measure(number, engine, model, test, threads)

    def _note_what_is_measured(self):
        data = self.results.data
        data["date"] = datetime.date.today().isoformat()
        for engine in self.engines:
            engine_data = {"version": engine.version(), "fingerprint": engine.fingerprint()}
            if data["engines"].setdefault(engine.name, engine_data) != engine_data:
                raise SystemExit(
                    f"compare: the results kept are of another build of {engine.name}: start anew with --fresh")
        for model in self.models:
            data["models"][model.name] = {
                "group": model.group, "label": model.label, "bytes": model.path.stat().st_size,
            }
        self.results.save()

    def _measure_limits(self, number, threads):
        apus = next((engine for engine in self.engines if hasattr(engine, "limits")), None)
        if not apus or any(
            run["engine"] == "limits" and (run["round"], run["threads"]) == (number, threads)
            for run in self.results.data["runs"]
        ):
            return
        for name, record in apus.limits(threads).items():
            self.results.add(
                round=number, engine="limits", model="", test=name, threads=threads, value=record["max"],
            )

    def _measure(self, number, engine, model, test, threads):
        repetitions = 3 if model.path.stat().st_size < SMALL_FILE else 1
        try:
            variant = self._best_variant(engine, model, test, threads)
            answer = self._answer(engine, model, test, threads, repetitions, variant)
        except process.Failed as error:
            say(f"failed: {error}")
            return
        say(f"{answer.value:.2f} {test.unit}")
        self.results.add(
            round=number, engine=engine.name, model=model.name, test=test.name, threads=threads, value=answer.value,
            variant=variant, peak_bytes=answer.peak_bytes, major_faults=answer.major_faults, **answer.details,
        )

    def _best_variant(self, engine, model, test, threads):
        """The engine's fastest way to run a test: tried once, then kept."""
        if len(engine.variants) == 1:
            return engine.variants[0]
        key = "/".join([engine.name, model.name, test.name, str(threads)])
        known = self.results.data["variants"]
        if key not in known:
            values = {v: self._answer(engine, model, test, threads, 1, v).value for v in engine.variants}
            known[key] = (min if test.is_better_lower else max)(values, key=values.get)
            say(f"({known[key]})", end=" ")
        return known[key]

    def _answer(self, engine, model, test, threads, repetitions, variant):
        process.read_through(model.path)
        return engine.measure(model, test, threads, repetitions, variant)


def say(text, end="\n"):
    print(text, end=end, file=sys.stderr, flush=True)
