"""Tests of Benchmarks/load: its arithmetic with invented times, and runs against a small server of this file."""

import contextlib
import http.server
import io
import json
import pathlib
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from serving import command, figures, overhead, prompts  # noqa: E402
from serving.client import Failed, Server  # noqa: E402
from serving.figures import Answer  # noqa: E402


class Arithmetic(unittest.TestCase):
    def test_percentiles(self):
        self.assertIsNone(figures.percentile([], 50))
        self.assertEqual(figures.percentile([7], 99), 7)
        self.assertEqual(figures.percentile([3, 1, 2, 4], 50), 2)
        self.assertEqual(figures.percentile(range(1, 101), 95), 95)
        self.assertEqual(figures.percentile(range(1, 101), 99), 99)
        self.assertEqual(figures.spread([2, 9, 4], 50), {"p50": 4, "worst": 9})
        self.assertEqual(figures.spread([], 50), {"p50": None, "worst": None})

    def test_summary(self):
        answers = [
            Answer(0, [1, 2, 4], 4, prompt_tokens=10, tokens=6),
            Answer(1, [4, 5], 6),
            Answer(0, [1], 90, error="gone"),
        ]
        found = figures.summary(answers)
        self.assertEqual((found["requests"], found["errors"]), (3, 1))
        # As the server counts, else as pieces of text came; what failed counts for nothing.
        self.assertEqual((found["tokens"], found["seconds"], found["prompt_tokens"]), (8, 6, 10))
        self.assertEqual(found["tokens_per_second"], 8 / 6)
        self.assertEqual(found["first_token"], {"p50": 1, "p95": 3, "worst": 3})
        self.assertEqual(found["gap"], {"p50": 1, "p99": 2, "worst": 2})

    def test_rate_while_all_run(self):
        # From 2 to 4: two pieces of one token each, and two of two.
        answers = [Answer(0, [1, 2, 3, 4], 4, tokens=4), Answer(0, [2, 2.5, 4, 5], 5, tokens=8)]
        self.assertEqual(overhead.rate(answers), 3)
        with self.assertRaises(SystemExit):
            overhead.rate([Answer(0, [1, 2], 2), Answer(0, [2, 3], 3)])

    def test_nothing_to_sum_up(self):
        found = figures.summary([Answer(0, [], 1, error="refused")])
        self.assertIsNone(found["tokens_per_second"])
        self.assertIsNone(found["gap"]["p50"])

    def test_disturbance(self):
        # Undisturbed from 2 to 5; a prompt comes at 5.5, and its first token at 8.
        stream = Answer(0, [1, 2, 3, 4, 5, 7.5, 9, 9.5], 10)
        found = figures.disturbance([stream], Answer(5.5, [8], 8, 900), Answer(-2, [-1], -1), 2)
        self.assertEqual(found["undisturbed_gap"], {"p50": 1, "p99": 1, "worst": 1})
        self.assertEqual(found["disturbed_gap"], {"p50": 1.5, "p99": 2.5, "worst": 2.5})
        self.assertEqual(found["disturbed_p99_to_undisturbed_median"], 2.5)
        self.assertEqual((found["first_token"], found["first_token_to_alone"]), (2.5, 2.5))
        self.assertEqual((found["streams_ended_early"], found["errors"], found["prompt_tokens"]), (0, 0, 900))

    def test_a_disturbance_that_failed(self):
        found = figures.disturbance([Answer(0, [1], 2)], Answer(3, [], 4, error="no"), Answer(0, [], 1, error="no"), 1)
        self.assertEqual((found["errors"], found["streams_ended_early"]), (2, 1))
        self.assertIsNone(found["first_token_to_alone"])
        self.assertIsNone(found["disturbed_p99_to_undisturbed_median"])


class Words(unittest.TestCase):
    def test_length_prefix_and_seed(self):
        made = prompts.Prompts(20, shared=5)
        first, second = made[0].split(), made[1].split()
        self.assertEqual((len(first), len(second)), (20, 20))
        self.assertEqual(first[:5], second[:5])
        self.assertNotEqual(first[5:], second[5:])
        self.assertEqual(made[0], prompts.Prompts(20, shared=5)[0])
        self.assertNotEqual(made[0], prompts.Prompts(20, shared=5, seed=2)[0])
        with self.assertRaises(ValueError):
            prompts.Prompts(5, shared=6)


class FakeServer(http.server.ThreadingHTTPServer):
    """Answers with as many words as it is asked for, and keeps what it was asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies = []
        self.paths = []
        # What to do instead of a whole answer: "refuse", "cut" or "fail".
        self.fault = None
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self._begin(200)
        self.wfile.write(b'{"data": [{"id": "some-model"}]}')

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        self.server.paths.append(self.path)
        if self.server.fault == "refuse":
            self._begin(429)
            self.wfile.write(b"too many")
            return
        self._begin(200)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._stream(body)

    def _begin(self, status):
        self.send_response(status)
        self.end_headers()

    def _stream(self, body):
        if "messages" in body:
            self._send({"choices": [{"delta": {"role": "assistant", "content": ""}}]})
        for _ in range(body["max_tokens"]):
            text = {"delta": {"content": "word "}} if "messages" in body else {"text": "word "}
            self._send({"choices": [text]})
            if self.server.fault == "cut":
                return
            if self.server.fault == "fail":
                return self._send({"error": {"message": "out of memory"}})
        prompt = body.get("prompt") or body["messages"][0]["content"]
        self._send({"choices": [], "usage": {
            "prompt_tokens": len(prompt.split()), "completion_tokens": body["max_tokens"]}})
        self.wfile.write(b": a comment\n\ndata: [DONE]\n\n")

    def _send(self, event):
        self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())


class Runs(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(FakeServer())
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.shutdown)

    def load(self, *words):
        """What the program writes, and why it ended with a failure if it did."""
        with contextlib.redirect_stdout(io.StringIO()) as output:
            try:
                command.main(["--url", self.server.url, *words])
            except SystemExit as end:
                return output.getvalue(), str(end)
        return output.getvalue(), None

    def test_a_crowd(self):
        text, failure = self.load(
            "--clients", "3", "--requests", "2", "--prompt", "12", "--shared", "4", "--tokens", "5", "--json")
        self.assertIsNone(failure)
        found = json.loads(text)
        self.assertEqual(found["model"], "some-model")
        self.assertEqual((found["requests"], found["errors"]), (6, 0))
        self.assertEqual((found["prompt_tokens"], found["tokens"]), (72, 30))
        asked = [body["prompt"] for body in self.server.bodies]
        self.assertEqual(len(set(asked)), 6)
        self.assertEqual(len({" ".join(text.split()[:4]) for text in asked}), 1)
        self.assertTrue(all(body["stream"] and body["ignore_eos"] for body in self.server.bodies))
        self.assertEqual(set(self.server.paths), {"/v1/completions"})

    def test_a_crowd_as_a_table_and_as_chats(self):
        text, failure = self.load("--chat", "--clients", "2", "--tokens", "3", "--model", "mine")
        self.assertIsNone(failure)
        self.assertIn("2, 0 failed", text)
        self.assertIn("256, 6 in ", text)
        self.assertEqual(set(self.server.paths), {"/v1/chat/completions"})
        self.assertEqual({body["model"] for body in self.server.bodies}, {"mine"})

    def test_an_intruder(self):
        words = ["--clients", "2", "--intruder", "50", "--tokens", "3", "--undisturbed", "0"]
        text, failure = self.load(*words, "--json")
        self.assertIsNone(failure)
        found = json.loads(text)
        self.assertEqual((found["streams"], found["errors"], found["prompt_tokens"]), (2, 0, 50))
        self.assertIsNotNone(found["first_token_to_alone"])
        long = [body["prompt"] for body in self.server.bodies if body["max_tokens"] == 1]
        self.assertEqual([len(prompt.split()) for prompt in long], [50, 50])
        self.assertNotEqual(*long)
        self.assertIn("its first token", self.load(*words)[0])

    def test_endless_streams_end_with_the_intruder(self):
        text, failure = self.load(
            "--clients", "2", "--intruder", "9", "--tokens", "100000000", "--undisturbed", "0", "--json")
        self.assertIsNone(failure)
        self.assertEqual(json.loads(text)["streams_ended_early"], 0)

    def test_failures_are_counted_and_told(self):
        for fault, reason in [("refuse", "429: too many"), ("cut", r"before \[DONE\]"), ("fail", "out of memory")]:
            with self.subTest(fault):
                self.server.fault = fault
                text, failure = self.load("--clients", "2", "--json")
                self.assertEqual(json.loads(text)["errors"], 2)
                self.assertRegex(failure, f"2 of 2 requests failed.*{reason}")
        text, failure = self.load("--clients", "2", "--intruder", "9", "--undisturbed", "0", "--json")
        self.assertEqual(json.loads(text)["errors"], 4)

    def test_no_server(self):
        for url in ("http://127.0.0.1:1", "ftp://host", "http://", "http://host:99999"):
            with self.subTest(url), self.assertRaises(Failed):
                Server(url)


if __name__ == "__main__":
    unittest.main()
