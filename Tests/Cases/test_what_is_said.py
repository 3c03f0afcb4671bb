"""What a person reads of models and answers that are not whole, and that the same is said everywhere."""

import unittest

from program import MODEL, apus, temporary
from test_chat_formats import model, without_chatml

_TEMPLATE = "tokenizer.chat_template"
MESSAGES = '[{"role": "user", "content": "Hello"}]'


def without_template():
    return model(lambda file: file.remove(_TEMPLATE))


class Answers(unittest.TestCase):
    def run_model(self, *arguments, **options):
        result = apus("run", MODEL, "--temperature", "0", *arguments, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stderr.splitlines()

    def test_a_cut_answer_is_said_with_its_limit(self):
        by_request = "Note: the answer was cut at 3 tokens: --max-tokens allows no more."
        for arguments in (("Hello",), ("--raw", "Hello")):
            self.assertEqual(self.run_model("-n", "3", "--ignore-eos", *arguments), [by_request])
        lines = self.run_model("-c", "64", "--ignore-eos", "--raw", "Hello")
        self.assertEqual(len(lines), 1)
        self.assertIn("the context of 64 tokens is full", lines[0])
        lines = self.run_model("-n", "3", "--ignore-eos", "--chat", stdin="Hello\nAnd now?\n")
        self.assertEqual(lines, [by_request] * 2)

    def test_a_cut_answer_is_said_once(self):
        self.assertEqual(self.run_model("-n", "3", "--ignore-eos", "--json", "Hello"), [])
        lines = self.run_model("-n", "3", "--ignore-eos", "--stats", "Hello")
        self.assertEqual(len(lines), 1)
        self.assertIn("cut at the limit: --max-tokens", lines[0])

    def test_a_whole_answer_is_said_nothing_about(self):
        self.assertEqual(self.run_model("--stop", "e", "Hello, who are you?"), [])

    def test_statistics_are_shown_in_a_piped_chat(self):
        lines = self.run_model("-n", "3", "--chat", "--stats", stdin="Hello\nAnd now?\n")
        self.assertEqual(["tokens/s" in line for line in lines], [True, True])

    def test_an_empty_file_is_no_prompt(self):
        path = temporary("empty.txt")
        open(path, "w").close()
        for arguments in ((), ("Summarize this.",)):
            result = apus("run", MODEL, "--file", path, *arguments)
            self.assertEqual((result.returncode, result.stdout), (64, ""))
            self.assertIn(f"{path} is empty", result.stderr)

    def test_an_option_is_named_as_the_command_line_names_it(self):
        for arguments in (("-c", "200000"), ("-c", "1")):
            result = apus("run", MODEL, *arguments, "Hello")
            self.assertEqual(result.returncode, 64)
            self.assertIn("Error: --context is ", result.stderr)
            self.assertNotIn("contextLength", result.stderr)


class Models(unittest.TestCase):
    def test_chatml_in_place_of_a_template_is_called_that(self):
        path = without_template()
        self.assertIn("ChatML in place of its own template", apus("check", path).stdout)
        self.assertIn("ChatML in place of its own template", apus("inspect", path).stdout)
        self.assertIn("a chat template", apus("check", MODEL).stdout)

    def test_a_raw_prompt_is_not_warned_of_chatml(self):
        path = without_template()
        self.assertIn("ChatML", apus("run", path, "-n", "2", "Hello").stderr)
        self.assertNotIn("ChatML", apus("run", path, "-n", "2", "--raw", "Hello").stderr)

    def test_template_shows_the_chatml_that_is_used(self):
        result = apus("template", without_template(), stdin=MESSAGES)
        self.assertEqual(result.stdout, "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n")
        self.assertIn("Warning", result.stderr)
        self.assertIn("ChatML", result.stderr)
        bare = model(lambda file: (without_chatml(file), file.remove(_TEMPLATE)))
        result = apus("template", bare, stdin=MESSAGES)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("no chat template", result.stderr)

    def test_advice_for_several_gaps_is_given_once(self):
        def change(file):
            file.remove(_TEMPLATE).remove("tokenizer.ggml.pre").remove("tokenizer.ggml.token_type")

        path = model(change)
        for command in (["run", path, "-n", "2", "Hello"], ["check", path], ["tokenize", path, "Hello"]):
            warnings = [line for line in apus(*command).stderr.splitlines() if line.startswith("Warning: ")]
            self.assertGreater(len(warnings), 1, command)
            self.assertEqual(["get a newer file" in line for line in warnings].index(True), len(warnings) - 1)

    def test_an_empty_model_file_is_called_empty(self):
        path = temporary("empty.gguf")
        open(path, "w").close()
        for command in (["run", path, "Hello"], ["check", path], ["inspect", path], ["serve", path]):
            result = apus(*command)
            self.assertEqual(result.returncode, 1)
            self.assertIn("an empty file", result.stderr)
