"""The command line of Benchmarks/compare."""

import argparse
import pathlib
import subprocess
import sys

from comparison import bars, catalog, engines, peer, roofline, rounds, tables
from comparison.results import Results

ROOT = pathlib.Path(__file__).resolve().parents[2]


def arguments():
    parser = argparse.ArgumentParser(
        prog="compare", description="Measures Apus and its peers in turn, and writes tables and plots.")
    parser.add_argument("files", nargs="*", metavar="MODEL.gguf", help="files to measure instead of synthetic models")
    parser.add_argument("--models", type=_list, default=[], help="names of synthetic models, or how they begin: llama2")
    parser.add_argument("--tests", type=_list, default=[], help="names of tests, or how they begin: pp,tg64,load")
    parser.add_argument("--threads", type=_list, default=["1", "2"], help="numbers of threads (default: 1,2)")
    parser.add_argument("--rounds", type=int, default=5, help="how often all is measured (default: 5)")
    parser.add_argument("--quick", action="store_true", help="short tests, small models, two rounds")
    parser.add_argument("--fresh", action="store_true", help="forget the results that are kept")
    parser.add_argument("--render", action="store_true", help="write tables and plots of the results kept, no more")
    parser.add_argument("--apus", type=pathlib.Path, help="the program to measure (default: build it)")
    parser.add_argument("--llama", type=pathlib.Path, metavar="PATH", help="a built llama-bench (default: build one)")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PATH", help="another llama-bench")
    parser.add_argument("--build", type=pathlib.Path, help="where llama.cpp and models lie (default: a cache folder)")
    parser.add_argument("--page", type=pathlib.Path, default=ROOT / "Docs/Performance.md", help="the page to write")
    parser.add_argument("--results", type=pathlib.Path, help="where results lie (default: beside the plots)")
    return parser.parse_args()


def _list(text):
    return [part for part in text.split(",") if part]


def main():
    options = arguments()
    folder = options.page.with_suffix("")
    path = options.results or folder / "results.json"
    if not options.render:
        measure(options, Results(path, rounds.describe_machine(), options.fresh))
    render(Results(path), options.page, folder)


def measure(options, results):
    build = options.build or peer.cache_folder()
    apus = engines.Apus(options.apus or build_apus())
    peers = [engines.LlamaBench("llama.cpp", options.llama or peer.llama_bench(build))]
    for text in options.peer:
        name, _, program = text.partition("=")
        peers.append(engines.LlamaBench(name, program))
    tests = catalog.chosen(catalog.QUICK_TESTS if options.quick else catalog.TESTS, options.tests)
    comparison = rounds.Comparison(
        [apus, *peers], models(options, build / "models", apus.program), tests,
        [int(count) for count in options.threads], 2 if options.quick else options.rounds, results)
    try:
        comparison.run()
    except KeyboardInterrupt:
        sys.exit("\ncompare: stopped; the same call goes on from here")


def models(options, folder, apus):
    """The models to measure; synthetic ones are made when they are missing."""
    if options.files:
        return [catalog.given_model(path) for path in options.files]
    wanted = options.models or (["smollm2"] if options.quick else [])
    found = catalog.chosen(catalog.synthetic_models(folder), wanted)
    for model in found:
        if not model.path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            rounds.say(f"making {model.path.name}")
            command = [apus, "synthesize", "--shape", model.shape, "--format", model.format.lower(), model.path]
            if subprocess.run([str(part) for part in command], stdout=sys.stderr).returncode != 0:
                sys.exit(f"compare: `apus synthesize` could not make {model.name}")
    return found


def build_apus():
    rounds.say("building Apus")
    command = ["swift", "build", "-c", "release", "--product", "apus", "--package-path", str(ROOT)]
    if subprocess.run(command, stdout=sys.stderr).returncode != 0:
        sys.exit("compare: Apus does not build: see above")
    return ROOT / ".build/release/apus"


def render(results, page, folder):
    """Writes the plots, and the tables between the marks of the page."""
    if not results.data["runs"]:
        sys.exit("compare: there are no results yet: measure first")
    threads = results.threads()[-1]
    plots = []
    for group, names in tables.groups(results).items():
        for title, plot in [("tokens per second", bars), ("roofline", roofline)]:
            drawing = plot.draw(results, group, names, threads)
            if drawing:
                name = f"{group} {title}".lower().replace(" ", "-") + ".svg"
                drawing.save(folder / name)
                plots.append((f"{group}: {title}", f"{folder.name}/{name}"))
    tables.put_into(page, tables.section(results, plots))
    rounds.say(f"wrote {page} and {len(plots)} plots")
