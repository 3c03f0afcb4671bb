"""Writes inputs to begin with: python3 seeds.py TARGET FOLDER DATA."""

import hashlib
import json
import pathlib
import sys

GBNF = [
    'root ::= "a" | [b-d]+ root?', 'root ::= item{2,3}\nitem ::= "x" ("," item)* # end', 'root ::= [^\\n]* "\\u00e9" .',
    'expr ::= expr "+" term | term\nterm ::= [0-9]+\nroot ::= expr',
]
LARK = [
    'start: WORD ("," WORD)*\n%import common.WORD\n%ignore " "', 'start: "a".."z" ~ 2..3 | /x+y?/i [B]\nB: "b" | C\nC: "c"',
    '?start: start "+" N -> add | N\nN: /[0-9]+/\n%ignore /[ \\t]+/',
]
REGEX = ["^(?=a)[^b-d]+$", "(?i)\\p{Lu}{2,}\\b|x*?", "(a|b)*(?<!c)$", "[\\w.-]+@\\w+\\.[a-z]{2,4}", "\\u{1F600}+"]


def patterns(value):
    """All texts of the word `pattern` in a schema."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key == "pattern" and isinstance(part, str):
                yield part
            yield from patterns(part)
    elif isinstance(value, list):
        for part in value:
            yield from patterns(part)


def lines(path):
    return [json.loads(line) for line in path.read_text().split("\n") if line]


def calls(data):
    cases = lines(data / "tool_calls/cases.jsonl")
    names = sorted(path.name for path in (data / "tool_calls/templates").glob("*.jinja"))
    number = {case["family"]: names.index(case["template"]) for case in cases if case["kind"] == "family"}
    for index, case in enumerate(case for case in cases if case["kind"] == "parse"):
        yield bytes([number[case["family"]], index % 32]) + case["output"].encode()


def seeds(target, data):
    schemas = lines(data / "schemas/maskbench-sample.jsonl") if target in ("schema", "json", "regex") else []
    if target == "schema":
        return [json.dumps(entry["schema"]).encode() for entry in schemas]
    if target == "json":
        return [json.dumps(test["data"]).encode() for entry in schemas for test in entry["tests"]]
    if target == "regex":
        return [text.encode() for text in REGEX + [text for entry in schemas for text in patterns(entry["schema"])]]
    if target == "jinja":
        return [path.read_bytes() for path in (data / "chat_templates/templates").glob("*.jinja")]
    if target == "gguf":
        small = [path for path in (data / "models").glob("*.gguf") if path.stat().st_size < 1 << 20]
        return [path.read_bytes()[: 1 << 16] for path in small] + [b"GGUF\3\0\0\0" + bytes(16)]
    if target == "calls":
        return calls(data)
    return [text.encode() for text in {"gbnf": GBNF, "lark": LARK}[target]]


def main():
    target, folder, data = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds(target, data):
        (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)


main()
