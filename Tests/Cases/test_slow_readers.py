"""Clients that stream and read slowly or never: nobody else waits for them."""

import json
import socket
import threading
import time
import unittest

from program import HEALTH_LIMIT, SLACK, Server, percentile


class Reader:
    """A client that has asked for a long streamed answer, and reads only when it is told to."""

    def __init__(self, server, prompt, tokens=1500, is_detailed=True):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(90)
        self.socket.connect(("127.0.0.1", server.port))
        # Details make each token some kilobytes.
        details = {"logprobs": True, "top_logprobs": 20} if is_detailed else {}
        body = json.dumps({
            "messages": [{"role": "user", "content": prompt}], "stream": True, "max_tokens": tokens, "ignore_eos": True,
            "temperature": 0.8, "seed": 5, **details}).encode()
        self.socket.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
            % len(body) + body)

    def read(self, pause=0.0, every=64 << 10):
        """Everything that comes to the end of the connection, with a pause after so many bytes."""
        data = bytearray()
        rest = every
        while True:
            try:
                chunk = self.socket.recv(8192)
            except ConnectionResetError:
                return bytes(data)
            if not chunk:
                return bytes(data)
            data += chunk
            rest -= len(chunk)
            if rest <= 0 and pause:
                time.sleep(pause)
                rest = every

    def close(self):
        self.socket.close()


def text(answer):
    """The text of a streamed answer, and the reason why it ended."""
    pieces, reason = [], None
    # Where the connection was closed, the last line may be half of one.
    for line in answer.decode(errors="replace").split("\n")[:-1]:
        if line.startswith("data: {"):
            for choice in json.loads(line[6:]).get("choices", []):
                pieces.append(choice["delta"].get("content") or "")
                reason = choice["finish_reason"] or reason
    return "".join(pieces), reason


class SlowReaders(unittest.TestCase):
    def test_an_answer_that_nobody_reads_keeps_nobody_waiting(self):
        with Server() as server:
            for is_detailed, limit in ((True, 10), (False, 25)):
                hog = Reader(server, "Tell me a long story.", is_detailed=is_detailed)
                time.sleep(1)
                start = time.monotonic()
                answer = server.chat("Hello", max_tokens=4, timeout=60)
                seconds = time.monotonic() - start
                self.assertEqual(answer.status, 200, answer.text)
                print(f"[{seconds:.1f} s]", end=" ", flush=True)
                self.assertLess(seconds, limit * SLACK)
                hog.close()

    def test_many_answers_that_nobody_reads_make_room(self):
        with Server("--parallel", "1") as server:
            hogs = [Reader(server, f"Tell me story {number}.") for number in range(17)]
            times, stop = [], threading.Event()

            def watch():
                while not stop.is_set():
                    times.append(server.health_seconds())
                    time.sleep(0.05)

            watcher = threading.Thread(target=watch)
            watcher.start()
            refused = 0
            start = time.monotonic()
            while (answer := server.chat("Hello", max_tokens=4, timeout=180)).status == 429:
                refused += 1
                time.sleep(0.5)
                self.assertLess(time.monotonic() - start, 120 * SLACK)
            stop.set()
            watcher.join()
            self.assertEqual(answer.status, 200, answer.text)
            self.assertLess(time.monotonic() - start, 120 * SLACK)
            self.assertLess(percentile(times, 0.99), HEALTH_LIMIT, sorted(times)[-5:])
            print(f"[{time.monotonic() - start:.0f} s, {refused} refused, "
                  f"health p99 {percentile(times, 0.99) * 1000:.0f} ms]", end=" ", flush=True)
            for hog in hogs:
                hog.close()
            self.assertEqual(server.chat("Hello", max_tokens=4).status, 200)

    def test_an_answer_that_nobody_reads_is_ended(self):
        with Server() as server:
            hog = Reader(server, "Tell me a long story.")
            deadline = time.monotonic() + 90
            while not any(entry.get("path") == "/v1/chat/completions" for entry in server.log):
                self.assertLess(time.monotonic(), deadline, "the answer of a client that never reads goes on")
                time.sleep(0.5)
            reason = text(hog.read())[1]
            self.assertNotIn(reason, ("stop", "length"))

    def test_a_slow_reader_loses_nothing_while_others_are_answered(self):
        with Server() as server:
            quick = Reader(server, "Tell me a long story.", tokens=400)
            expected = text(quick.read())
            self.assertEqual(expected[1], "length")
            slow = Reader(server, "Tell me a long story.", tokens=400)
            done = threading.Event()

            def others():
                while not done.is_set():
                    self.assertEqual(server.chat("What is the capital of France?", max_tokens=40).status, 200)

            thread = threading.Thread(target=others)
            thread.start()
            found = text(slow.read(pause=0.7))
            done.set()
            thread.join()
            self.assertEqual(found, expected)


if __name__ == "__main__":
    unittest.main()
