"""Writes the GGUF file of a BERT encoder from what its Python package holds, with the standard library alone.

    python3 Models/bert_gguf.py FOLDER NAME LICENCE OUTPUT

FOLDER has `model.safetensors` (F32), `config.json` and `vocab.txt`. Names of tensors and keys are those that GGUF files
of BERT have; the same input always gives the same bytes, so that the catalogue can state a SHA-256.
"""

import json
import pathlib
import re
import struct
import sys

ALIGNMENT = 32
U32, I32, F32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
CONTROL, NORMAL = 3, 1
MEAN_POOLING = 1
# Roles of special tokens, spelled as GGUF has them.
ROLES = [
    ("unknown", "[UNK]"), ("seperator", "[SEP]"), ("padding", "[PAD]"), ("cls", "[CLS]"), ("mask", "[MASK]"),
    ("bos", "[CLS]"), ("eos", "[SEP]"),
]
# Where a tensor's name ends in `.weight` or `.bias`, what is before it becomes the other name.
EMBEDDINGS = {
    "word_embeddings": "token_embd", "position_embeddings": "position_embd", "token_type_embeddings": "token_types",
    "LayerNorm": "token_embd_norm",
}
LAYER = {
    "attention.self.query": "attn_q", "attention.self.key": "attn_k", "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output", "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up", "output.dense": "ffn_down", "output.LayerNorm": "layer_output_norm",
}


def text(value):
    data = value.encode("utf-8")
    return struct.pack("<Q", len(data)) + data


def pair(key, kind, value):
    return text(key) + struct.pack("<I", kind) + value


def number(key, value):
    return pair(key, U32, struct.pack("<I", value))


def string(key, value):
    return pair(key, STRING, text(value))


def array(key, kind, elements):
    return pair(key, ARRAY, struct.pack("<IQ", kind, len(elements)) + b"".join(elements))


def padding(count):
    return bytes(-count % ALIGNMENT)


def gguf_name(name):
    """The name that a tensor of the safetensors file has in GGUF, or None where the model does not need it."""
    stem, _, kind = name.rpartition(".")
    if stem.startswith("embeddings.") and kind in ("weight", "bias"):
        return f"{EMBEDDINGS[stem.removeprefix('embeddings.')]}.{kind}"
    if found := re.fullmatch(r"encoder\.layer\.(\d+)\.(.+)", stem):
        return f"blk.{found[1]}.{LAYER[found[2]]}.{kind}"
    if stem.startswith("pooler.") or kind == "position_ids":
        return None
    raise ValueError(f"the tensor {name} is not one of a BERT encoder")


def vocabulary(words):
    """WordPiece's words as GGUF has them: what begins a word is marked, not what goes on with one."""
    special = {token for _, token in ROLES}
    tokens = []
    for word in words:
        if word in special or word.startswith("[unused"):
            tokens.append(word)
        else:
            tokens.append(word[2:] if word.startswith("##") else "\u2581" + word)
    kinds = [CONTROL if word in special else NORMAL for word in words]
    return tokens, kinds


def metadata(config, words, name, licence):
    """The key-value pairs, in order."""
    tokens, kinds = vocabulary(words)
    pairs = [
        string("general.architecture", "bert"),
        string("general.name", name),
        string("general.license", licence.lower()),
        number("bert.context_length", config["max_position_embeddings"]),
        number("bert.embedding_length", config["hidden_size"]),
        number("bert.feed_forward_length", config["intermediate_size"]),
        number("bert.block_count", config["num_hidden_layers"]),
        number("bert.attention.head_count", config["num_attention_heads"]),
        pair("bert.attention.layer_norm_epsilon", F32, struct.pack("<f", config["layer_norm_eps"])),
        pair("bert.attention.causal", BOOL, b"\0"),
        number("bert.pooling_type", MEAN_POOLING),
        string("tokenizer.ggml.model", "bert"),
        string("tokenizer.ggml.pre", "default"),
        array("tokenizer.ggml.tokens", STRING, [text(token) for token in tokens]),
        array("tokenizer.ggml.token_type", I32, [struct.pack("<i", kind) for kind in kinds]),
        number("tokenizer.ggml.token_type_count", config["type_vocab_size"]),
    ]
    return pairs + [number(f"tokenizer.ggml.{role}_token_id", words.index(token)) for role, token in ROLES]


def convert(folder, name, licence, output):
    """Writes `output` from the files in `folder`; raises ValueError, KeyError or struct.error where they are not BERT's."""
    folder = pathlib.Path(folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    words = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    if words[-1] == "":
        words.pop()
    with open(folder / "model.safetensors", "rb") as source, open(output, "wb") as target:
        (length,) = struct.unpack("<Q", source.read(8))
        header = json.loads(source.read(length))
        header.pop("__metadata__", None)
        pairs = metadata(config, words, name, licence)
        infos, places, offset = [], [], 0
        for tensor, entry in header.items():
            new = gguf_name(tensor)
            if new is None:
                continue
            if entry["dtype"] != "F32":
                raise ValueError(f"the tensor {tensor} is {entry['dtype']}, not F32")
            start, end = entry["data_offsets"]
            shape = entry["shape"][::-1]
            infos.append(text(new) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, offset))
            places.append((8 + length + start, end - start))
            offset += end - start + len(padding(end - start))
        target.write(b"GGUF" + struct.pack("<IQQ", 3, len(infos), len(pairs)))
        target.write(b"".join(pairs) + b"".join(infos))
        target.write(padding(target.tell()))
        for start, count in places:
            source.seek(start)
            target.write(source.read(count) + padding(count))


if __name__ == "__main__":
    convert(*sys.argv[1:5])
