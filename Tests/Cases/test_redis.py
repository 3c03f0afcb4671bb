"""A server whose response cache is in Redis: answers go on without it, and come from it again once it is back."""

import json
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from program import MODEL, Server, apus, free_port, lacks

PASSWORD = "s3cret-of-the-cache"
FIELD = "X-Apus-Cache"


def program():
    """Redis' or Valkey's server; ends the tests where there is none."""
    return shutil.which("redis-server") or shutil.which("valkey-server") or lacks("the package redis-server")


class Redis:
    """A server of its own on a free port, which can be killed and started again; a context manager."""

    def __init__(self):
        self.program = program()
        self.folder = tempfile.mkdtemp(prefix="apus-redis-")
        self.port = free_port()
        self.start()

    def url(self, password=PASSWORD, database=3):
        return f"redis://:{password}@127.0.0.1:{self.port}/{database}"

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder, "--save", "",
             "--appendonly", "yes", "--appendfsync", "always", "--requirepass", PASSWORD],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                    connection.sendall(f"AUTH {PASSWORD}\r\nPING\r\n".encode())
                    answers = b""
                    while part := connection.recv(100):
                        answers += part
                        if b"+PONG" in answers:
                            return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("Redis did not start")
            time.sleep(0.05)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def ask(server, text="Hello"):
    """What the cache had for a question, and the answer."""
    answer = server.chat(text, max_tokens=4)
    assert answer.status == 200, answer.text
    return answer.headers[FIELD], answer.content


def eventually(test, server, expected, text="Hello"):
    """Asks until the cache says what is expected; gives the answer."""
    deadline = time.monotonic() + 30
    while True:
        said, content = ask(server, text)
        if said == expected:
            return content
        test.assertLess(time.monotonic(), deadline, f"the cache says {said}, and not {expected}")
        time.sleep(0.05)


def warnings(server):
    return [entry for entry in server.log if "the cache does not work" in entry["message"]]


class RedisTests(unittest.TestCase):
    def test_answers_go_on_while_the_cache_is_away(self):
        with Redis() as redis, Server("--cache", redis.url()) as server:
            first = eventually(self, server, "hit")
            redis.kill()
            self.assertEqual(eventually(self, server, "not-kept"), first)
            for number in range(3):
                self.assertEqual(ask(server, f"And {number}?")[0], "not-kept")
            redis.start()
            # What was kept before it was killed is still there.
            self.assertEqual(eventually(self, server, "hit"), first)
            # One that hangs is as good as none, and costs little time.
            redis.process.send_signal(signal.SIGSTOP)
            self.assertEqual(eventually(self, server, "not-kept"), first)
            redis.process.send_signal(signal.SIGCONT)
            self.assertEqual(eventually(self, server, "hit"), first)
            # An outage is told once, for each thing that fails first in it.
            self.assertLessEqual(len(warnings(server)), 4, warnings(server))
            self.assertGreaterEqual(len(warnings(server)), 2, warnings(server))
            self.assertFalse(any(PASSWORD in json.dumps(entry) for entry in server.log))
            self.assertIn("apus_cache_errors_total", server.get("/metrics").text)

    def test_servers_share_it_and_it_outlives_them(self):
        with Redis() as redis:
            with Server("--cache", redis.url()) as server, Server("--cache", redis.url()) as other:
                first = eventually(self, server, "hit", "Who are you?")
                self.assertEqual(eventually(self, other, "hit", "Who are you?"), first)
            with Server("--cache", redis.url(database=4)) as server:
                self.assertEqual(eventually(self, server, "miss", "Who are you?"), first)

    def test_one_that_is_not_there_may_come_later(self):
        with Redis() as redis:
            redis.kill()
            with Server("--cache", redis.url()) as server:
                self.assertEqual(ask(server)[0], "not-kept")
                redis.start()
                eventually(self, server, "hit")

    def test_an_address_that_is_wrong_is_a_sentence_without_its_password(self):
        wrong = "wr0ng-p@ss"
        with Redis() as redis:
            for url in [
                redis.url("wr0ng-p%40ss"), redis.url(wrong), f"redis://ann:wr0ng-pass@127.0.0.1:{redis.port}",
                redis.url(database=99), redis.url(database="x"), f"rediss://:{wrong}@127.0.0.1:{redis.port}",
                f"redis:/:{wrong}@127.0.0.1", f"http://:{wrong}@127.0.0.1",
            ]:
                result = apus("serve", MODEL, "--listen", "127.0.0.1:0", "--store", "none", "--cache", url)
                self.assertEqual(result.returncode, 1, url)
                self.assertIn("Redis", result.stderr)
                for secret in ["wr0ng", "ss@", PASSWORD]:
                    self.assertNotIn(secret, result.stderr + result.stdout)
            for url in [redis.url(), f"redis:/:{PASSWORD}@127.0.0.1"]:
                shown = apus("serve", MODEL, "--cache", url, "--print-config")
                self.assertEqual(shown.returncode, 0)
                self.assertNotIn(PASSWORD, shown.stdout)

    def test_memory_is_the_other_place(self):
        with Server("--cache", "memory:1M") as server:
            first = ask(server)
            self.assertEqual((first[0], ask(server)), ("miss", ("hit", first[1])))
            answer = server.post(
                "/v1/completions", {"prompt": "Hello", "max_tokens": 2, "temperature": 0, "stream": True})
            self.assertEqual(answer.headers[FIELD], "miss")
        for value in ["memory:", "memory:0", "memory:x", "disk", ""]:
            self.assertEqual(apus("serve", MODEL, "--cache", value).returncode, 64, value)
