"""What is measured: the tests, and the models that they run on."""

import dataclasses
import pathlib


@dataclasses.dataclass(frozen=True)
class Test:
    """One figure of one engine, named as llama-bench names it."""

    name: str
    title: str
    unit: str
    prompt: int = 0
    generate: int = 0
    depth: int = 0
    sequences: int = 1

    @property
    def is_better_lower(self):
        return self.unit == "s"


LOAD = "load"
DECODE = "tg64"

TESTS = [
    Test("pp512", "prefill 512", "tok/s", prompt=512),
    Test(DECODE, "decode 64", "tok/s", generate=64),
    Test("tg64@d2048", "decode 64 after 2,048", "tok/s", generate=64, depth=2048),
    Test("tg32x8", "decode 32, 8 sequences", "tok/s", generate=32, depth=16, sequences=8),
    # From the start of a process to its end, one token decoded: what a person waits for.
    Test(LOAD, "load, first token", "s", generate=1),
]

QUICK_TESTS = [
    Test("pp128", "prefill 128", "tok/s", prompt=128),
    Test("tg16", "decode 16", "tok/s", generate=16),
    Test("tg8x8", "decode 8, 8 sequences", "tok/s", generate=8, depth=16, sequences=8),
    Test(LOAD, "load, first token", "s", generate=1),
]

SHAPES = {"llama2-7b": "Llama 2 7B", "smollm2-135m": "SmolLM2 135M"}
FORMATS = ["Q4_0", "Q4_K_M", "Q8_0", "Q6_K", "IQ4_NL"]


@dataclasses.dataclass(frozen=True)
class Model:
    """A GGUF file; one with a shape is made when it is missing."""

    name: str
    group: str
    label: str
    path: pathlib.Path
    shape: str = ""
    format: str = ""


def synthetic_models(folder):
    """Models with random weights in published shapes, by name."""
    return [
        Model(f"{shape}-{format}", f"{title} shape", format, folder / f"{shape}-{format}.gguf", shape, format)
        for shape, title in SHAPES.items()
        for format in FORMATS
    ]


def given_model(path):
    """A file that the user named."""
    path = pathlib.Path(path).resolve()
    return Model(path.stem, "files", path.stem, path)


def chosen(items, wanted):
    """The items named in `wanted`, in their own order; all where nothing is wanted.

    What is no name takes all items whose names begin with it.
    """
    names = {item.name.lower(): item for item in items}
    found = []
    for want in map(str.lower, wanted):
        matches = [names[want]] if want in names else [item for name, item in names.items() if name.startswith(want)]
        if not matches:
            raise SystemExit(f"compare: there is no '{want}': use some of {', '.join(item.name for item in items)}")
        found += matches
    return [item for item in items if item in found or not wanted]
