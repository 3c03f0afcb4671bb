"""Files and machines as people have them: limits on memory and threads, damaged models, texts however stored."""

import json
import os
import resource
import shutil
import unittest

from model_file import ModelFile
from program import MODEL, Server, apus, temporary

MESSAGES = '[{"role": "user", "content": "x"}]'


def address_space(kilobytes):
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (kilobytes << 10, kilobytes << 10))


def processes(count):
    """A limit on processes and threads; it does not bind root, and counts all processes of a user."""
    if os.getuid() != 0:
        raise unittest.SkipTest("needs a user of its own, which only root can take")

    def limit():
        os.setgroups([])
        os.setgid(54321)
        os.setuid(54321)
        resource.setrlimit(resource.RLIMIT_NPROC, (count, count))

    return limit


class Limits(unittest.TestCase):
    commands = [
        ["inspect", MODEL], ["tokenize", MODEL, "hello"], ["doctor"], ["check", MODEL], ["template", MODEL],
    ]

    def assert_works_or_says_why(self, result):
        if result.returncode != 0:
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertRegex(result.stderr, r"\AError: [^\n]+\n\Z")

    def test_commands_take_no_address_space_but_their_own(self):
        for command in self.commands:
            with self.subTest(command=command[0]):
                result = apus(*command, stdin=MESSAGES, timeout=60, limits=address_space(244140))
                self.assertEqual(result.returncode, 0, result.stderr)

    def test_little_address_space_is_told(self):
        for kilobytes in 150_000, 200_000, 300_000, 400_000, 600_000:
            for command in ["run", MODEL, "hi", "-n", "2"], ["check", MODEL], ["run", MODEL, "hi", "-n", "2", "--blas"]:
                with self.subTest(command=command[0], kilobytes=kilobytes):
                    self.assert_works_or_says_why(apus(*command, timeout=60, limits=address_space(kilobytes)))

    def test_few_threads_are_enough_or_told(self):
        run = ["run", MODEL, "hi", "-n", "2"]
        for count in 1, 2, 3, 4, 6:
            limit = processes(count)
            for command in [*self.commands, run, [*run, "--blas"]]:
                with self.subTest(command=command[0], count=count):
                    self.assert_works_or_says_why(apus(*command, stdin=MESSAGES, timeout=60, limits=limit))

    def test_a_server_without_threads_says_so(self):
        for count in 1, 3, 6, 8:
            with self.subTest(count=count):
                result = apus("serve", MODEL, "--listen", "127.0.0.1:0", timeout=60, limits=processes(count))
                self.assertEqual(result.returncode, 1)
                self.assertIn("threads", result.stderr)

    def test_only_the_option_brings_openblas(self):
        with Server("--threads", "1") as server:
            self.assertEqual(server.chat("hi", max_tokens=1).status, 200)
            with open(f"/proc/{server.process.pid}/maps") as maps:
                self.assertNotIn("openblas", maps.read())
        with Server("--threads", "1", "--blas") as server:
            with open(f"/proc/{server.process.pid}/maps") as maps:
                self.assertIn("openblas", maps.read())


def page_aligned(offset):
    return offset // 4096 * 4096


class Zeros(unittest.TestCase):
    def damaged(self, name, start, count):
        path = temporary(name)
        shutil.copyfile(MODEL, path)
        with open(path, "r+b") as file:
            file.seek(start)
            file.write(bytes(count))
        return path

    def assert_found(self, path, *commands):
        for command in commands or (["check", path], ["run", path, "-n", "2", "--", "hi"]):
            result = apus(*command)
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn(f"Error: {path}: tensor", result.stderr)
            self.assertRegex(result.stderr, r"tensor '[a-z0-9._]+' has \d+ zero bytes from byte \d+ of its file on")

    def test_a_file_that_was_not_copied_to_its_end_is_found(self):
        size = os.path.getsize(MODEL)
        start = page_aligned(int(size * 0.6))
        self.assert_found(self.damaged("tail.gguf", start, size - start))

    def test_a_file_of_zeros_behind_its_header_is_found(self):
        size = os.path.getsize(MODEL)
        start = size - len(ModelFile(MODEL).data)
        self.assert_found(self.damaged("nothing.gguf", start, size - start))

    def test_a_hole_is_found_wherever_it_is(self):
        size = os.path.getsize(MODEL)
        for place in 0.05, 0.3, 0.5, 0.7, 0.97:
            with self.subTest(place=place):
                self.assert_found(self.damaged("hole.gguf", page_aligned(int(size * place)), 2 << 20))

    def test_a_check_finds_one_page(self):
        size = os.path.getsize(MODEL)
        for place in 0.1, 0.4, 0.9:
            with self.subTest(place=place):
                path = self.damaged("page.gguf", page_aligned(int(size * place)), 4096)
                self.assert_found(path, ["check", path])

    def test_a_norm_of_zeros_is_found(self):
        model = ModelFile(MODEL)
        for name, offset, size in model.tensors:
            if name == "blk.3.ffn_norm.weight":
                model.data[offset:offset + size] = bytes(size)
        self.assert_found(model.write(temporary("norm.gguf")))

    def test_rows_of_unused_tokens_may_be_zero(self):
        model = ModelFile(MODEL)
        name, offset, size = next(tensor for tensor in model.tensors if tensor[0] == "token_embd.weight")
        row = size // 49152
        first = 40_000
        model.data[offset + first * row:offset + (first + 500) * row] = bytes(500 * row)
        path = model.write(temporary("spare.gguf"))
        self.assert_found(path, ["check", path])
        kinds = [5 if first <= token < first + 500 else 1 for token in range(49152)]
        model.set("tokenizer.ggml.token_type", kinds).write(path)
        self.assertEqual(apus("check", path).returncode, 0)
        self.assertEqual(apus("run", path, "-n", "2", "--raw", "--", "hi").returncode, 0)


class ChangedFile(unittest.TestCase):
    def setUp(self):
        self.path = temporary("served.gguf")
        shutil.copyfile(MODEL, self.path)

    def assert_refused(self, server):
        for answer in server.get("/health/ready"), server.chat("hi", max_tokens=2), server.chat("hi", stream=True):
            self.assertEqual(answer.status, 503)
            self.assertEqual(answer.error["code"], "model_changed")
            self.assertNotIn("served.gguf", answer.text)
        self.assertEqual(server.get("/health").status, 200)
        told = [entry for entry in server.log if entry.get("level") == "error"]
        self.assertEqual(len(told), 1, told)
        self.assertIn("start the server again", told[0]["message"])

    def test_a_file_that_was_only_touched_is_served(self):
        with Server(model=self.path) as server:
            before = server.chat("Why?", max_tokens=8).content
            for _ in range(3):
                os.utime(self.path)
                self.assertEqual(server.chat("Why?", max_tokens=8).content, before)
                os.utime(self.path)
                self.assertEqual(server.get("/health/ready").status, 200)
            os.rename(self.path, self.path + ".old")
            self.assertEqual(server.chat("Why?", max_tokens=8).content, before)
            shutil.copyfile(MODEL, self.path)
            self.assertEqual(server.chat("Why?", max_tokens=8).content, before)

    def test_a_file_touched_before_its_first_use_is_served(self):
        with Server(model=self.path) as server:
            os.utime(self.path)
            self.assertEqual(server.get("/health/ready").status, 200)
            self.assertEqual(server.chat("hi", max_tokens=2).status, 200)

    def test_other_contents_are_refused(self):
        size = os.path.getsize(self.path)
        for place in 1000, size // 2, size - 100:
            with self.subTest(place=place):
                shutil.copyfile(MODEL, self.path)
                with Server(model=self.path) as server:
                    self.assertEqual(server.chat("hi", max_tokens=2).status, 200)
                    with open(self.path, "r+b") as file:
                        file.seek(place)
                        byte = file.read(1)
                        file.seek(place)
                        file.write(bytes([byte[0] ^ 1]))
                    self.assert_refused(server)

    def test_a_file_that_was_cut_is_refused(self):
        with Server(model=self.path) as server:
            self.assertEqual(server.chat("hi", max_tokens=2).status, 200)
            os.truncate(self.path, os.path.getsize(self.path) // 2)
            self.assert_refused(server)
            self.assertIsNone(server.process.poll())

    def test_a_copy_in_memory_stays(self):
        with Server("--no-mmap", model=self.path) as server:
            os.truncate(self.path, 100)
            self.assertEqual(server.get("/health/ready").status, 200)
            self.assertEqual(server.chat("hi", max_tokens=2).status, 200)


class Lists(unittest.TestCase):
    def assert_refused(self, key, values, expected, found):
        path = ModelFile(MODEL).set(key, values).write(temporary("list.gguf"))
        for command in ["check", path], ["run", path, "-n", "1", "--", "hi"]:
            result = apus(*command)
            self.assertEqual(result.returncode, 1)
            for text in expected, found:
                self.assertIn(text, result.stderr)

    def test_arrays_by_layer_have_an_entry_for_each(self):
        for key, value in ("attention.head_count", 9), ("attention.head_count_kv", 3), ("feed_forward_length", 1536):
            for count in 0, 1, 29, 31, 600:
                with self.subTest(key=key, count=count):
                    self.assert_refused("llama." + key, [value] * count, f"llama.{key}", "expected 30 entries")
            path = ModelFile(MODEL).set("llama." + key, [value] * 30).write(temporary("list.gguf"))
            self.assertEqual(apus("check", path).returncode, 0)

    def test_numbers_of_the_whole_model_are_no_arrays(self):
        for key, value in ("block_count", 30), ("embedding_length", 576), ("context_length", 8192):
            self.assert_refused("llama." + key, [value] * 30, f"llama.{key}", "expected an integer")

    def test_lists_of_tokens_have_an_entry_for_each(self):
        for count in 0, 1, 49151, 49153:
            with self.subTest(count=count):
                self.assert_refused("tokenizer.ggml.token_type", [1] * count, "49152 tokens", f"{count} types")


class StoredText(unittest.TestCase):
    text = "What is gravity?\nSay it\nbriefly."

    forms = {
        "mark": b"\xef\xbb\xbf" + text.encode(), "last line end": text.encode() + b"\n",
        "Windows": b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() + b"\r\n",
    }

    def file(self, data):
        path = temporary("text.txt")
        with open(path, "wb") as file:
            file.write(data)
        return path

    def test_prompts_are_what_they_say(self):
        run = ["run", MODEL, "--json", "--temperature", "0", "-n", "4"]
        for raw in [], ["--raw"]:
            plain = json.loads(apus(*run, *raw, "--", self.text).stdout)
            for name, data in self.forms.items():
                path = self.file(data)
                for more, stdin in (["--file", path], b""), ([], data), (["-"], data):
                    result = apus(*run, *raw, *more, stdin=stdin)
                    with self.subTest(form=name, raw=raw):
                        answer = json.loads(result.stdout)
                        self.assertEqual(answer["usage"], plain["usage"])
                        self.assertEqual(answer["text"], plain["text"])

    def test_one_last_line_end_is_dropped_and_no_more(self):
        counts = [
            len(apus("tokenize", MODEL, stdin=text).stdout.split()) for text in ("a", "a\n", "a\n\n", "a\r\n\r\n")]
        self.assertEqual(counts[0], counts[1])
        self.assertEqual(counts[2], counts[0] + 1)
        self.assertEqual(counts[3], counts[2])

    def test_tokens_are_of_the_text_alone(self):
        plain = apus("tokenize", MODEL, self.text).stdout
        for name, data in self.forms.items():
            with self.subTest(form=name):
                self.assertEqual(apus("tokenize", MODEL, stdin=data).stdout, plain)
        line = json.dumps({"text": self.text}).encode()
        marked = apus("tokenize", MODEL, "--jsonl", stdin=b"\xef\xbb\xbf" + line + b"\r\n" + line + b"\r\n")
        self.assertEqual(marked.stdout, apus("tokenize", MODEL, "--jsonl", stdin=line + b"\n" + line).stdout)
        self.assertEqual(
            apus("detokenize", MODEL, stdin=b"\xef\xbb\xbf" + plain.encode()).stdout,
            apus("detokenize", MODEL, stdin=plain).stdout)

    def test_templates_and_messages_are_what_they_say(self):
        source = b"{% for m in messages %}{{ m.content }}\n{% endfor %}\nend"
        plain, marked = temporary("plain.jinja"), temporary("marked.jinja")
        for path, data in (plain, source), (marked, b"\xef\xbb\xbf" + source.replace(b"\n", b"\r\n") + b"\r\n"):
            with open(path, "wb") as file:
                file.write(data)
        expected = apus("template", plain, stdin=MESSAGES).stdout
        self.assertEqual(apus("template", marked, stdin=MESSAGES).stdout, expected)
        messages = self.file(b"\xef\xbb\xbf" + MESSAGES.encode())
        self.assertEqual(apus("template", plain, stdin=b"\xef\xbb\xbf" + MESSAGES.encode()).stdout, expected)
        self.assertEqual(apus("template", plain, "--messages", messages).stdout, expected)
        tools = temporary("tools.json")
        shutil.copyfile(messages, tools)
        self.assertEqual(apus("template", plain, "--tools", tools, stdin=MESSAGES).stdout, expected)

    def test_chats_are_what_they_say(self):
        saved = temporary("saved.json")
        chat = ["run", MODEL, "--chat", "--temperature", "0", "-n", "4"]
        plain = apus(*chat, stdin=b"Hello\nAnd you?\n")
        self.assertEqual(plain.returncode, 0, plain.stderr)
        self.assertEqual(apus(*chat, stdin=b"\xef\xbb\xbfHello\r\nAnd you?").stdout, plain.stdout)
        conversation = b'{"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Yes"}]}'
        answers = []
        for data in conversation, b"\xef\xbb\xbf" + conversation.replace(b", ", b",\r\n"):
            with open(saved, "wb") as file:
                file.write(data)
            answers.append(apus(*chat, stdin=f"/load {saved}\nAnd you?\n").stdout)
        self.assertEqual(answers[0], answers[1])

    def test_utf16_is_told(self):
        text = self.text.encode("utf-16")
        for result in (
            apus("run", MODEL, "--file", self.file(text)), apus("run", MODEL, stdin=text),
            apus("run", MODEL, "--chat", stdin=text), apus("tokenize", MODEL, stdin=text),
            apus("tokenize", MODEL, stdin=self.text.encode("utf-16-be").join([b"\xfe\xff", b""])),
            apus("template", MODEL, "--messages", self.file(MESSAGES.encode("utf-16"))),
            apus("eval", "perplexity", MODEL, self.file(text)),
        ):
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn("is UTF-16 text: save it as UTF-8", result.stderr)

    def test_bodies_may_begin_with_a_mark(self):
        body = json.dumps({"prompt": "\ufeffHello", "max_tokens": 2, "temperature": 0}).encode()
        with Server() as server:
            plain, marked = server.post("/v1/completions", body), server.post("/v1/completions", b"\xef\xbb\xbf" + body)
            self.assertEqual(plain.status, 200)
            self.assertEqual(marked.status, 200)
            count = plain.json["usage"]["prompt_tokens"]
            self.assertEqual(marked.json["usage"]["prompt_tokens"], count)
            bare = server.post("/v1/completions", {"prompt": "Hello", "max_tokens": 2})
            self.assertEqual(count, bare.json["usage"]["prompt_tokens"])
            counts = [server.chat(text, max_tokens=1).json["usage"]["prompt_tokens"] for text in ("Hello", "\ufeffHello")]
            self.assertEqual(*counts)
            wide = server.post("/v1/completions", body.decode().encode("utf-16"))
            self.assertEqual(wide.status, 400)
            self.assertIn("UTF-16", wide.error["message"])
