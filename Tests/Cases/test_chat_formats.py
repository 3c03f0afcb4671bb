"""Chat templates that cannot carry a conversation, and vocabularies that leave something out."""

import itertools
import struct
import unittest

from model_file import ModelFile
from program import MODEL, Server, apus, shared, temporary

_numbers = itertools.count()
_TEMPLATE = "tokenizer.chat_template"
_GO = "{{ if .System }}<|im_start|>system\n{{ .System }}<|im_end|>\n{{ end }}{{ .Prompt }}"


def model(change):
    """A copy of the model, changed by `change`."""
    file = ModelFile(MODEL)
    change(file)
    return file.write(temporary(f"chat-{next(_numbers)}.gguf"))


def with_template(text):
    return model(lambda file: file.set(_TEMPLATE, text))


def without_chatml(file):
    """Takes ChatML's marks out of the vocabulary: other texts of the same length stand in their places."""
    key = "tokenizer.ggml.tokens"
    entry = file.entries[key]
    for mark in (b"<|im_start|>", b"<|im_end|>"):
        size = struct.pack("<Q", len(mark))
        entry = entry.replace(size + mark, size + b"<|" + b"x" * (len(mark) - 4) + b"|>")
    file.entries[key] = entry


def run(path, *arguments, **options):
    return apus("run", path, "--temperature", "0", "-n", "8", "--seed", "1", *arguments, **options)


class Templates(unittest.TestCase):
    def refused_everywhere(self, path, *words):
        """Everything that would chat fails, with the true reason."""
        results = {
            "run": run(path, "Hello"),
            "system": run(path, "--system", "Be brief.", "Hello"),
            "chat": run(path, "--chat", stdin="Hello\n"),
            "json": run(path, "--json", "Hello"),
            "check": apus("check", path),
        }
        for name, result in results.items():
            self.assertEqual(result.returncode, 1, (name, result.stdout, result.stderr))
            for word in ("cannot chat", *words):
                self.assertIn(word, result.stderr, name)
            self.assertIn(f"Error: {path}: this model cannot chat", result.stderr, name)
        for name in ("run", "system", "chat", "json"):
            self.assertIn("--raw", results[name].stderr)
            self.assertEqual(results[name].stdout, "")
        inspected = apus("inspect", path)
        self.assertIn("cannot chat", inspected.stdout)
        raw = run(path, "--raw", "Hello")
        self.assertEqual(raw.returncode, 0, raw.stderr)
        self.assertTrue(raw.stdout.strip())
        with Server(model=path) as server:
            answer = server.chat("Hello", max_tokens=4)
            self.assertIn(answer.status, (400, 501))
            for word in ("cannot chat", *words):
                self.assertIn(word, answer.error["message"])
            streamed = server.chat("Hello", max_tokens=4, stream=True)
            self.assertIn(streamed.status, (400, 501))
            self.assertEqual(server.post("/v1/completions", {"prompt": "Hello", "max_tokens": 4}).status, 200)
            warnings = [entry["message"] for entry in server.log if entry.get("level") == "warning"]
            self.assertTrue(any("chat" in text and "refused" in text for text in warnings), server.log)

    def test_a_go_template_is_refused_everywhere(self):
        self.refused_everywhere(with_template(_GO), "Go's format", "Jinja template")

    def test_a_template_that_says_nothing_is_refused(self):
        for template in ("{# nothing #}", "hello", "{{ undefined_one }}", "{{ messages | length }}"):
            with self.subTest(template):
                self.refused_everywhere(with_template(template), "leaves out what the user says")

    def test_a_template_of_another_field_is_refused(self):
        for template in ("{% for m in messages %}{{ m.role }}: {{ m.text }}\n{% endfor %}",
                         "{% for m in conversation %}{{ m.content }}{% endfor %}",
                         "{% for m in messages %}{{ m.content[:40] }}\n{% endfor %}"):
            with self.subTest(template):
                result = run(with_template(template), "Hello")
                self.assertEqual(result.returncode, 1)
                self.assertIn("leaves out", result.stderr)

    def test_a_template_that_fails_or_never_ends_is_refused(self):
        for template in ("{{ messages[0].content.nonsense.more }}", "{{ raise_exception('not today') }}",
                         "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}"):
            with self.subTest(template):
                path = with_template(template)
                result = run(path, "Hello")
                self.assertEqual(result.returncode, 1, result.stdout)
                self.assertIn("cannot chat", result.stderr)
                self.assertEqual(apus("check", path).returncode, 1)

    def test_a_template_of_another_type_is_refused(self):
        for value in (True, 5, ["a", "b"]):
            with self.subTest(value):
                self.refused_everywhere(model(lambda file: file.set(_TEMPLATE, value)), _TEMPLATE)

    def test_a_template_that_is_no_utf8_is_refused(self):
        def change(file):
            file.entries[_TEMPLATE] = struct.pack("<IQ", 8, 3) + b"\xff{{"
        self.refused_everywhere(model(change), "UTF-8")

    def test_a_huge_template_is_refused(self):
        self.refused_everywhere(with_template("{{ messages[0].content }}" + "x" * (1 << 20)), "template")

    def test_templates_for_special_uses_only_are_named(self):
        def change(file):
            file.remove(_TEMPLATE)
            file.set("tokenizer.chat_templates", ["tool_use", "rag"])
            file.set(_TEMPLATE + ".tool_use", "{{ messages[0].content }}")
            file.set(_TEMPLATE + ".rag", "{{ messages[0].content }}")
        self.refused_everywhere(model(change), "tool_use", "rag")

    def test_a_default_beside_named_templates_is_used(self):
        path = model(lambda file: file.set(_TEMPLATE + ".tool_use", "{{ broken").set(_TEMPLATE + "s", ["tool_use"]))
        plain, named = run(MODEL, "Hello"), run(path, "Hello")
        self.assertEqual((named.returncode, named.stdout), (0, plain.stdout))

    def test_content_goes_in_the_form_that_the_template_reads(self):
        with open(shared("cases/typed-parts.jinja"), encoding="utf-8") as file:
            path = with_template(file.read())
        self.assertEqual(apus("check", path).returncode, 0)
        with Server(model=path) as server, Server() as plain:
            for messages in (["What is 2+2?"], [{"role": "system", "content": "Be brief."}, "What is 2+2?"],
                             ["Hello", {"role": "assistant", "content": "Hi."}, "What is 2+2?"]):
                answers = [s.chat(*messages, max_tokens=12) for s in (server, plain)]
                self.assertEqual([a.status for a in answers], [200, 200])
            short = server.chat("Hi", max_tokens=1).json["usage"]["prompt_tokens"]
            long = server.chat("Hi " + "and so on " * 20, max_tokens=1).json["usage"]["prompt_tokens"]
            self.assertGreaterEqual(long, short + 40)
        result = run(path, "What is 2+2?")
        self.assertEqual((result.returncode, bool(result.stdout.strip())), (0, True))

    def test_content_by_role_goes_in_the_form_of_that_role(self):
        path = with_template(
            "{% for m in messages %}{{ m.role }}: "
            "{% if m.role == 'user' %}{% for p in m.content %}{{ p.text }}{% endfor %}"
            "{% else %}{{ m.content }}{% endif %}\n{% endfor %}")
        self.assertEqual(apus("check", path).returncode, 0)
        with Server(model=path) as server:
            answers = [server.chat({"role": "system", "content": text}, "Hello", max_tokens=1).json
                       for text in ("Be", "Be brief and kind and so on")]
            counts = [answer["usage"]["prompt_tokens"] for answer in answers]
            self.assertIn(counts[1] - counts[0], range(1, 10))

    def test_an_empty_template_counts_as_none(self):
        for template in ("", " \n\t "):
            with self.subTest(repr(template)):
                path = with_template(template)
                result = run(path, "Hello")
                self.assertEqual(result.returncode, 0)
                self.assertIn("Warning", result.stderr)
                self.assertIn("empty", result.stderr)
                self.assertEqual(result.stdout, run(model(lambda file: file.remove(_TEMPLATE)), "Hello").stdout)
                self.assertNotIn("a chat template", apus("check", path).stderr.replace("file's chat template", ""))
                bare = model(lambda file: (without_chatml(file), file.set(_TEMPLATE, template)))
                result = run(bare, "Hello")
                self.assertEqual((result.returncode, result.stdout), (0, run(bare, "--raw", "Hello").stdout))
                self.assertIn("no chat template", result.stderr)
                self.assertIn("no chat template", apus("check", bare).stdout)

    def test_a_model_without_a_template_says_that_it_goes_on_with_the_text(self):
        path = model(lambda file: (without_chatml(file), file.remove(_TEMPLATE)))
        for arguments in (("Hello",), ("--json", "Hello")):
            result = run(path, *arguments)
            self.assertEqual(result.returncode, 0)
            self.assertIn("no chat template", result.stderr)
        self.assertIn("no chat template", run(path, "--chat", stdin="Hello\n").stderr)
        self.assertEqual(run(path, "--system", "Be brief.", "Hello").returncode, 1)
        with Server(model=path) as server:
            answer = server.chat("Hello")
            self.assertEqual(answer.status, 400)
            self.assertIn("no chat template", answer.error["message"])
            self.assertTrue(any("no chat template" in entry["message"] for entry in server.log))

    def test_chatml_in_place_of_a_template_is_said(self):
        path = model(lambda file: file.remove(_TEMPLATE))
        self.assertIn("ChatML", run(path, "Hello").stderr)
        self.assertIn("ChatML", apus("check", path).stderr)
        with Server(model=path) as server:
            self.assertTrue(any("ChatML" in entry["message"] for entry in server.log))

    def test_messages_that_a_template_would_leave_out_are_refused(self):
        path = with_template(
            "{% for m in messages %}{% if m.role == 'user' %}user: {{ m.content }}\n{% endif %}{% endfor %}")
        self.assertIn("without assistant, system and tool messages", apus("check", path).stdout)
        system = {"role": "system", "content": "Be brief."}
        with Server(model=path) as server:
            self.assertEqual(server.chat("Hello", max_tokens=1).status, 200)
            for messages in ([system, "Hello"], ["Hello", {"role": "assistant", "content": "Hi."}, "Go on"],
                             ["Hello", {"role": "tool", "content": "four"}]):
                answer = server.chat(*messages, max_tokens=1)
                self.assertEqual(answer.status, 400, answer.text)
                self.assertIn("leaves out", answer.error["message"])
        result = run(path, "--system", "Be brief.", "Hello")
        self.assertEqual(result.returncode, 1)
        self.assertIn("system", result.stderr)

    def test_a_template_that_shows_only_the_last_message_refuses_a_conversation(self):
        path = with_template("user: {{ messages[-1].content }}\nassistant:")
        with Server(model=path) as server:
            self.assertEqual(server.chat("Hello", max_tokens=1).status, 200)
            self.assertEqual(server.chat("Hello", "World", max_tokens=1).status, 400)
            self.assertEqual(server.chat({"role": "system", "content": "Be brief."}, "Hello").status, 400)

    def test_a_template_that_drops_some_texts_is_noticed_in_the_request(self):
        path = with_template(
            "{% for m in messages %}{% if 'secret' not in m.content %}{{ m.role }}: {{ m.content }}\n{% endif %}"
            "{% endfor %}")
        with Server(model=path) as server:
            self.assertEqual(server.chat("Hello", max_tokens=1).status, 200)
            answer = server.chat("My secret is quite interesting", max_tokens=1)
            self.assertEqual(answer.status, 400)
            self.assertIn("message 1 of 1", answer.error["message"])

    def test_texts_that_templates_trim_are_there(self):
        with Server(model=with_template(
                "{% for m in messages %}{{ m.role }}: {{ m.content | trim }}\n{% endfor %}")) as server:
            for text in ("  Hello  ", "\n", "?", "", "\u3000你好\u3000", "a\"b\\c", "🐕"):
                self.assertEqual(server.chat(text, max_tokens=1).status, 200, text)


class Vocabularies(unittest.TestCase):
    def warned_everywhere(self, path, *words):
        texts = [run(path, "Hello").stderr, apus("check", path).stderr, apus("tokenize", path, "Hello").stderr]
        for text in texts:
            self.assertIn("Warning", text)
            for word in words:
                self.assertIn(word, text)
        for text in (apus("inspect", path).stdout, apus("inspect", path, "--json").stdout):
            for word in words:
                self.assertIn(word, text)
        with Server(model=path) as server:
            warnings = [entry["message"] for entry in server.log if entry.get("level") == "warning"]
            self.assertTrue(any(all(word in text for word in words) for text in warnings), server.log)

    def test_a_vocabulary_without_a_pre_tokenizer_is_warned_of(self):
        self.warned_everywhere(model(lambda file: file.remove("tokenizer.ggml.pre")), "pre-tokenizer", "convert")
        self.warned_everywhere(model(lambda file: file.set("tokenizer.ggml.pre", "default")), "pre-tokenizer")

    def test_an_unknown_pre_tokenizer_is_refused_with_the_known_ones(self):
        path = model(lambda file: file.set("tokenizer.ggml.pre", "no-such"))
        for result in (run(path, "Hello"), apus("check", path), apus("tokenize", path, "Hello")):
            self.assertEqual(result.returncode, 1)
            self.assertIn("smollm", result.stderr)

    def test_a_vocabulary_without_kinds_is_warned_of(self):
        self.warned_everywhere(model(lambda file: file.remove("tokenizer.ggml.token_type")), "control tokens")

    def test_a_missing_end_is_warned_of(self):
        self.warned_everywhere(model(lambda file: file.remove("tokenizer.ggml.eos_token_id")), "EOS")

    def test_a_missing_beginning_is_warned_of(self):
        def change(file):
            file.remove("tokenizer.ggml.bos_token_id").set("tokenizer.ggml.add_bos_token", True)
        self.warned_everywhere(model(change), "BOS")

    def test_a_whole_file_has_no_warnings(self):
        for result in (run(MODEL, "--stop", "e", "Hello"), apus("check", MODEL), apus("tokenize", MODEL, "Hello")):
            self.assertEqual((result.returncode, result.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
