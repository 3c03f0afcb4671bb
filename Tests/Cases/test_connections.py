"""Clients that leave, linger, flood or say nothing, and logs that nobody reads."""

import contextlib
import http.client
import json
import os
import pathlib
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

from program import HEALTH_LIMIT, MODEL, SLACK, Server, apus, free_port, percentile

COMPLETION = {"prompt": "The sea", "max_tokens": 8, "temperature": 0}
# Longer than any test waits.
ENDLESS = {"prompt": "The sea", "max_tokens": 100_000, "ignore_eos": True}
SAMPLES = 200


def post(body, *headers, path="/v1/completions", version="1.1", host="localhost"):
    """A request as bytes."""
    data = json.dumps(body).encode()
    lines = [f"POST {path} HTTP/{version}", f"Host: {host}", f"Content-Length: {len(data)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def get(path="/health", *headers, host="localhost"):
    return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host}", *headers]).encode() + b"\r\n\r\n"


def read_all(connection):
    received = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            received += part
    return received


def status(received):
    return int(received.split(b" ", 2)[1]) if received.startswith(b"HTTP/1.1 ") else None


def reset(connection):
    """Closes a connection at once, without the usual goodbye."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def health_times(server, count=SAMPLES):
    """Seconds that /health took, one every 20 ms, each on a connection of its own."""
    times = []
    for _ in range(count):
        times.append(server.health_seconds())
        time.sleep(0.020)
    return times


def running(server):
    """Whether a completion is still worked on: a short one waits for it."""
    start = time.monotonic()
    answer = server.post("/v1/completions", {"prompt": "a", "max_tokens": 1})
    assert answer.status == 200, answer.text
    return time.monotonic() - start


class HalfClosedTests(unittest.TestCase):
    """A client may say that it sends nothing more and wait for its answer."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server("--queue", "4")

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def exchange(self, *requests):
        with self.server.connect() as connection:
            connection.sendall(b"".join(requests))
            connection.shutdown(socket.SHUT_WR)
            return read_all(connection)

    def test_half_closed_client_gets_a_whole_answer(self):
        long = {**COMPLETION, "max_tokens": 150, "ignore_eos": True}
        for body in (COMPLETION, long):
            for headers in ((), ("Connection: close",), ("Connection: keep-alive",)):
                received = self.exchange(post(body, *headers))
                self.assertEqual(status(received), 200, received[:300])
                self.assertIn(b'"finish_reason":"length"', received)

    def test_half_closed_client_of_http_1_0_gets_its_answer(self):
        received = self.exchange(post(COMPLETION, version="1.0"))
        self.assertEqual(status(received), 200, received[:300])
        self.assertIn(b'"finish_reason"', received)

    def test_half_closed_client_gets_a_stream(self):
        for headers in ((), ("Connection: close",)):
            received = self.exchange(post({**COMPLETION, "max_tokens": 100, "stream": True}, *headers))
            self.assertEqual(status(received), 200, received[:300])
            self.assertIn(b"data: [DONE]", received)
            self.assertNotIn(b"shutting", received)

    def test_half_closed_client_gets_a_refusal_and_health(self):
        self.assertEqual(status(self.exchange(get("/health"))), 200)
        self.assertEqual(status(self.exchange(get("/nothing"))), 404)
        self.assertEqual(status(self.exchange(post({"prompt": 5}))), 400)

    def test_half_closed_client_gets_all_answers_of_a_pipeline(self):
        received = self.exchange(post(COMPLETION), get(), post({**COMPLETION, "stream": True}), get())
        self.assertEqual(received.count(b"HTTP/1.1 200 OK"), 4, received[:2000])

    def test_half_closed_client_gets_its_answer_after_waiting_in_the_queue(self):
        with self.server.connect() as first:
            first.sendall(post({**ENDLESS, "max_tokens": 400, "stream": True}))
            first.recv(100)
            received = self.exchange(post(COMPLETION))
            self.assertEqual(status(received), 200, received[:300])
            self.assertIn(b'"finish_reason":"length"', received)
            read = first.recv(100)
            self.assertTrue(read)

    def test_half_a_request_is_refused(self):
        received = self.exchange(post(COMPLETION)[:-5])
        self.assertEqual(status(received), 400, received[:300])

    def test_client_that_left_ends_its_work(self):
        for stream in (False, True):
            for leave in (lambda connection: connection.close(), reset):
                connection = self.server.connect()
                connection.sendall(post({**ENDLESS, "stream": stream}))
                time.sleep(0.3)
                leave(connection)
                self.assertLess(running(self.server), 5)

    def test_client_that_left_the_queue_ends_its_work(self):
        with self.server.connect() as first:
            first.sendall(post({**ENDLESS, "max_tokens": 600, "stream": True}))
            first.recv(100)
            gone = [self.server.connect() for _ in range(4)]
            for index, connection in enumerate(gone):
                connection.sendall(post({**ENDLESS, "stream": index % 2 == 0}))
            time.sleep(0.3)
            for connection in gone:
                connection.close()
            time.sleep(2.5)
            # Their places are free again: the queue holds four.
            answers = []
            threads = [
                threading.Thread(target=lambda: answers.append(self.server.post("/v1/completions", COMPLETION).status))
                for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            first.close()
            for thread in threads:
                thread.join()
            self.assertEqual(answers, [200] * 4)

    def test_half_closed_client_that_leaves_later_ends_its_work(self):
        for stream in (False, True):
            connection = self.server.connect()
            connection.sendall(post({**ENDLESS, "stream": stream}))
            connection.shutdown(socket.SHUT_WR)
            time.sleep(0.7)
            connection.close()
            self.assertLess(running(self.server), 6)


class HostTests(unittest.TestCase):
    """A page of a stranger whose name resolves to this machine is still a stranger's."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server("--allow-host", "friend.example")

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def raw(self, *lines, server=None):
        with (server or self.server).connect() as connection:
            connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
            return status(read_all(connection))

    def test_host_of_a_stranger_is_refused(self):
        port = self.server.port
        hosts = [
            f"evil.example:{port}", "evil.example", "localhost.evil", f"localhost.evil:{port}", "127.0.0.1.evil",
            f"127.0.0.1.evil:{port}", "evil.example.", "localhost..", "192.168.1.5", "[2001:db8::1]:80", "localhost@evil",
            "evil@localhost", "localhost:80:80", "localhost:abc", "localhost, evil.example", "", " ", "127.1", "0x7f.1",
            "[::1", "[::1]evil", "xn--evil-abc.example", "friend.example.evil", "notfriend.example", "127.0.0.256",
        ]
        for host in hosts:
            for method, path in (
                ("GET", "/health"), ("GET", "/v1/models"), ("POST", "/v1/completions"), ("OPTIONS", "/v1/models"),
                ("HEAD", "/"), ("GET", "/nothing"), ("DELETE", "/v1/models"),
            ):
                with self.subTest(host=host, method=method, path=path):
                    self.assertIn(self.raw(f"{method} {path} HTTP/1.1", f"Host: {host}"), (403, 400))
        self.assertEqual(self.raw("GET /v1/models HTTP/1.1", f"Host: evil.example:{port}"), 403)

    def test_origin_that_equals_a_strange_host_is_refused(self):
        port = self.server.port
        for scheme in ("http", "https"):
            lines = (f"Host: evil.example:{port}", f"Origin: {scheme}://evil.example:{port}")
            for method in ("GET", "POST", "OPTIONS"):
                self.assertEqual(self.raw(f"{method} /v1/models HTTP/1.1", *lines), 403)
        self.assertEqual(
            self.raw("GET /v1/models HTTP/1.1", f"Host: localhost:{port}", "Origin: http://evil.example"), 403)

    def test_host_of_this_machine_and_given_hosts_are_answered(self):
        port = self.server.port
        for host in (
            "localhost", f"localhost:{port}", f"LOCALHOST:{port}", "LocalHost", "localhost.", "127.0.0.1",
            f"127.0.0.1:{port}", "127.8.9.10", "[::1]", f"[::1]:{port}", "friend.example", "Friend.Example:99",
        ):
            with self.subTest(host=host):
                self.assertEqual(self.raw("GET /v1/models HTTP/1.1", f"Host: {host}"), 200)
        for origin in ("http://friend.example", "http://localhost:3000", "http://[::1]:5173"):
            host = origin.split("//")[1]
            self.assertEqual(self.raw("GET /v1/models HTTP/1.1", f"Host: {host}", f"Origin: {origin}"), 200)

    def test_request_without_a_host_or_with_several_is_malformed(self):
        self.assertEqual(self.raw("GET /health HTTP/1.1"), 400)
        self.assertEqual(self.raw("GET /health HTTP/1.1", "Host: localhost", "Host: evil.example"), 400)
        self.assertEqual(self.raw("GET /health HTTP/1.1", "Host: localhost", "host: localhost"), 400)
        self.assertEqual(self.raw("GET /health HTTP/1.0"), 200)

    def test_absolute_target_does_not_hide_a_strange_host(self):
        self.assertEqual(self.raw("GET http://evil.example/health HTTP/1.1", "Host: localhost"), 403)
        self.assertEqual(self.raw("GET http://localhost/health HTTP/1.1", "Host: evil.example"), 403)
        self.assertEqual(self.raw("GET http://evil.example/health HTTP/1.1", "Host: evil.example"), 403)
        self.assertEqual(self.raw("GET HTTP://localhost/health HTTP/1.1", "Host: LOCALHOST"), 200)

    def test_server_with_a_key_answers_to_any_host_unless_told(self):
        with Server("--api-key", "k") as server:
            authorization = "Authorization: Bearer k"
            self.assertEqual(self.raw("GET /v1/models HTTP/1.1", "Host: chat.example", authorization, server=server), 200)
            self.assertEqual(self.raw("GET /v1/models HTTP/1.1", "Host: chat.example", server=server), 401)
        with Server("--api-key", "k", "--allow-host", "chat.example") as server:
            self.assertEqual(self.raw("GET /v1/models HTTP/1.1", "Host: chat.example", authorization, server=server), 200)
            self.assertEqual(self.raw("GET /v1/models HTTP/1.1", "Host: evil.example", authorization, server=server), 403)

    def test_wrong_name_to_allow_is_refused_at_start(self):
        for name in ("", "a b", "http://x"):
            result = apus("serve", MODEL, "--allow-host", name)
            self.assertEqual(result.returncode, 64, result.stderr)
            self.assertIn("--allow-host", result.stderr)


class UnreadLogTests(unittest.TestCase):
    """Nobody reads standard error."""

    def start(self):
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        port = free_port()
        server = Server("--listen", f"127.0.0.1:{port}", stderr=writing)
        os.close(writing)
        server.port = port
        self.addCleanup(server.__exit__)
        for _ in range(300):
            with contextlib.suppress(OSError):
                if server.get("/health").status == 200:
                    return server, reading
            time.sleep(0.1)
        self.fail("the server did not start")

    def test_unread_log_stops_no_answer_and_no_signal(self):
        server, _ = self.start()
        for _ in range(400):
            self.assertEqual(server.post("/v1/completions", {"prompt": "a", "max_tokens": 0}).status, 200)
        times = health_times(server)
        print(f"\n  log unread: /health p99 {percentile(times, 0.99) * 1000:.1f} ms")
        self.assertLess(percentile(times, 0.99), HEALTH_LIMIT)
        code, seconds = server.stop()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 3 * SLACK)

    def test_dropped_log_lines_are_counted(self):
        server, reading = self.start()
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        identifier = "x" * 128
        for number in range(6000):
            connection.request(
                "POST", "/v1/completions", b'{"prompt":"a","max_tokens":0}', {"X-Request-Id": f"{number:0128}"})
            self.assertEqual(connection.getresponse().read()[:1], b"{")
        connection.close()
        lines = []

        def read():
            with os.fdopen(os.dup(reading), "rb") as log:
                lines.extend(json.loads(line) for line in log)

        reader = threading.Thread(target=read)
        reader.start()
        time.sleep(0.5)
        server.get("/health")
        self.assertEqual(server.stop()[0], 0)
        reader.join(10)
        logged = sum(line["message"] == "request" and line.get("path") == "/v1/completions" for line in lines)
        dropped = sum(line["count"] for line in lines if "dropped" in line["message"])
        self.assertGreater(dropped, 0)
        self.assertEqual(logged + dropped, 6000)


class CrowdTests(unittest.TestCase):
    """Connections that only take places."""

    def test_silent_connections_lock_nobody_out(self):
        with Server("--connections", "960") as server:
            crowd = [server.connect() for _ in range(960)]
            times = health_times(server)
            print(f"\n  960 silent connections: /health p99 {percentile(times, 0.99) * 1000:.1f} ms")
            self.assertLess(percentile(times, 0.99), HEALTH_LIMIT)
            self.assertEqual(server.post("/v1/completions", COMPLETION).status, 200)
            for connection in crowd:
                connection.close()

    def test_half_sent_requests_lock_nobody_out(self):
        starts = [b"G", b"GET /health HTTP/1.1\r\nHost: localhost\r\n", post(COMPLETION)[:-5], get()]
        with Server("--connections", "40") as server:
            for start in starts:
                crowd = [server.connect() for _ in range(60)]
                for connection in crowd:
                    with contextlib.suppress(OSError):
                        connection.sendall(start)
                self.assertLess(server.health_seconds(), 1 * SLACK)
                self.assertEqual(server.post("/v1/completions", COMPLETION).status, 200)
                for connection in crowd:
                    connection.close()

    def test_working_connections_do_not_give_way(self):
        with Server("--connections", "12", "--queue", "4") as server:
            with server.connect() as worker:
                worker.sendall(post({**COMPLETION, "max_tokens": 200, "ignore_eos": True, "stream": True}))
                worker.recv(10)
                crowd = [server.connect() for _ in range(50)]
                self.assertLess(server.health_seconds(), 1 * SLACK)
                received = b""
                while b"[DONE]" not in received:
                    part = worker.recv(65536)
                    self.assertTrue(part, received[-200:])
                    received += part
                for connection in crowd:
                    connection.close()

    def test_silent_connection_is_closed_in_time(self):
        with Server() as server, server.connect(timeout=20) as connection:
            start = time.monotonic()
            self.assertEqual(read_all(connection), b"")
            self.assertLess(time.monotonic() - start, 13 * SLACK)

    def test_one_address_has_no_more_than_its_share(self):
        with Server("--connections", "100", "--connections-per-address", "10") as server:
            crowd = [server.connect(timeout=5) for _ in range(40)]
            time.sleep(0.5)
            descriptors = len(os.listdir(f"/proc/{server.process.pid}/fd"))
            self.assertLess(descriptors, 60)
            self.assertLess(server.health_seconds(), 1 * SLACK)
            for connection in crowd:
                connection.close()


class FloodTests(unittest.TestCase):
    """Clients without the key that send many requests at once and read nothing."""

    def measure(self, request, name):
        with Server("--api-key", "right") as server:
            idle = server.memory()
            lines = len(server.log)
            flood = pathlib.Path(__file__).with_name("flood.py")
            with subprocess.Popen([sys.executable, flood, str(server.port), "200"], stdin=subprocess.PIPE) as clients:
                clients.stdin.write(request)
                clients.stdin.close()
                time.sleep(2)
                times = health_times(server)
                memory = server.memory() - idle
                clients.kill()
            lines = len(server.log) - lines
            print(f"\n  {name}: /health p99 {percentile(times, 0.99) * 1000:.1f} ms, "
                  f"{memory / 1e6:.0f} MB, {lines} log lines")
            self.assertLess(memory, 200e6)
            self.assertLess(lines, 2000)
            self.assertLess(percentile(times, 0.99), HEALTH_LIMIT)
            answer = server.post("/v1/completions", COMPLETION, headers={"Authorization": "Bearer right"})
            self.assertEqual(answer.status, 200)
            code, seconds = server.stop()
            self.assertEqual(code, 0)
            self.assertLess(seconds, 5 * SLACK)

    def test_pipelined_refusals_are_bounded(self):
        self.measure(get("/v1/models"), "pipelined refusals")

    def test_pipelined_health_is_bounded(self):
        self.measure(get("/health"), "pipelined health")

    def test_pipelined_chunked_bodies_are_bounded(self):
        chunked = b"POST /v1/models HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
        self.measure(chunked + get("/health") * 10, "pipelined chunks")

    def test_client_that_reads_nothing_is_ended(self):
        with Server() as server, socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", server.port))
            client.setblocking(False)
            end = time.monotonic() + 50
            with self.assertRaises(ConnectionError):
                while time.monotonic() < end:
                    with contextlib.suppress(BlockingIOError):
                        client.send(get() * 100)
                    time.sleep(0.1)

    def test_refusals_close_the_connection_in_the_end(self):
        with Server("--api-key", "right") as server, server.connect() as connection:
            connection.sendall(get("/v1/models") * 500)
            received = read_all(connection)
            answers = received.count(b"HTTP/1.1 401")
            self.assertIn(answers, range(10, 200))
            self.assertEqual(received.lower().count(b"connection: close"), 1)

    def test_pipelined_bodies_are_all_answered(self):
        with Server() as server, server.connect() as connection:
            chunked = (b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                       + b"".join(b"1\r\n%c\r\n" % byte for byte in json.dumps(COMPLETION).encode()) + b"0\r\n\r\n")
            last = get("/health", "Connection: close")
            connection.sendall(post(COMPLETION) + chunked + get() + chunked + post(COMPLETION) + last)
            received = read_all(connection)
            self.assertEqual(received.count(b"HTTP/1.1 200 OK"), 6, received[:3000])
            self.assertEqual(received.count(b'"finish_reason":"length"'), 4)

    def test_large_body_arrives_whole(self):
        with Server() as server:
            body = json.dumps({**COMPLETION, "user": "u" * 100, "prompt": "a"}).encode()
            padding = b" " * (7 << 20)
            start = time.monotonic()
            self.assertEqual(server.post("/v1/completions", body + padding).status, 200)
            self.assertLess(time.monotonic() - start, 10 * SLACK)


class BusyTests(unittest.TestCase):
    """Every core computes."""

    def test_health_answers_while_every_core_computes(self):
        with Server() as server:
            workers = [server.connect() for _ in range(8)]
            for worker in workers:
                worker.sendall(post({**ENDLESS, "prompt": "The sea " * 200}))
            time.sleep(0.5)
            times = health_times(server)
            print(f"\n  every core computes: /health p99 {percentile(times, 0.99) * 1000:.1f} ms")
            self.assertLess(percentile(times, 0.99), HEALTH_LIMIT)
            self.assertEqual(server.get("/health/ready").status, 200)
            for worker in workers:
                worker.close()


class DescriptorTests(unittest.TestCase):
    """A process may have few file descriptors."""

    @staticmethod
    def limit(soft, hard=None):
        return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard or soft))

    def test_too_few_descriptors_are_a_sentence(self):
        for count in (6, 8, 10, 12, 16, 20):
            result = apus("serve", MODEL, "--listen", "127.0.0.1:0", limits=self.limit(count))
            with self.subTest(count=count, stderr=result.stderr):
                self.assertGreater(result.returncode, 0)
                self.assertEqual(len(result.stderr.splitlines()), 1)
                self.assertIn("descriptors", result.stderr)

    def test_few_descriptors_serve_few_connections(self):
        with Server(limits=self.limit(64)) as server:
            crowd = [server.connect() for _ in range(200)]
            times = health_times(server, 50)
            self.assertLess(max(times), 1 * SLACK)
            start = self.cpu(server)
            time.sleep(1)
            self.assertLess(self.cpu(server) - start, 0.3)
            for connection in crowd:
                connection.close()
            self.assertEqual(server.stop()[0], 0)

    def test_descriptors_that_run_out_cost_no_processor_time(self):
        with Server() as server:
            self.assertLess(server.health_seconds(), 1 * SLACK)
            used = len(os.listdir(f"/proc/{server.process.pid}/fd"))
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (used, 4096))
            crowd = [server.connect() for _ in range(20)]
            time.sleep(0.5)
            start = self.cpu(server)
            time.sleep(2)
            self.assertLess(self.cpu(server) - start, 0.3)
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (4096, 4096))
            self.assertLess(server.health_seconds(), 2 * SLACK)
            for connection in crowd:
                connection.close()
            self.assertEqual(server.stop()[0], 0)

    def test_soft_limit_is_raised(self):
        with Server(limits=self.limit(12, 4096)) as server:
            self.assertLess(server.health_seconds(), 1 * SLACK)
            crowd = [server.connect() for _ in range(500)]
            time.sleep(0.5)
            self.assertGreater(len(os.listdir(f"/proc/{server.process.pid}/fd")), 400)
            for connection in crowd:
                connection.close()

    @staticmethod
    def cpu(server):
        """Seconds of processor time that the server has taken."""
        with open(f"/proc/{server.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class DrainTests(unittest.TestCase):
    """SIGTERM ends the server within its time, whatever clients do."""

    DRAIN = 2

    def drain(self, limit, *starts):
        with Server("--drain-timeout", str(self.DRAIN)) as server:
            connections = []
            for start in starts:
                connection = server.connect()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.sendall(start)
                connections.append(connection)
            time.sleep(0.5)
            code, seconds = server.stop()
            for connection in connections:
                connection.close()
            self.assertEqual(code, 0)
            self.assertLess(seconds, limit * SLACK)

    def test_drain_ends_with_idle_connections(self):
        self.drain(1.9, b"", b"", get(), b"GET /hea")

    def test_drain_ends_with_half_read_bodies(self):
        self.drain(self.DRAIN + 1, post(COMPLETION)[:-5], post(COMPLETION)[:-20])

    def test_drain_ends_with_slow_readers(self):
        body = {**ENDLESS, "stream": True, "logprobs": 5}
        self.drain(self.DRAIN + 2, post(body), post(ENDLESS))

    def test_drain_ends_with_pipelines(self):
        self.drain(self.DRAIN + 2, get() * 2000, post(COMPLETION) * 200, (get() + post(ENDLESS)) * 20)

    def test_a_notice_comes_before_the_port_closes(self):
        with Server("--drain-notice", "60", "--drain-timeout", "90") as server:
            self.assertEqual(server.get("/health/ready").status, 200)
            server.process.send_signal(signal.SIGTERM)
            while server.get("/health/ready").status == 200:
                time.sleep(0.01)
            self.assertEqual(server.get("/ping").status, 503)
            self.assertEqual(server.get("/health").status, 200)
            self.assertEqual(server.post("/v1/completions", COMPLETION).status, 200)
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.process.wait(20), 1)

    def test_drain_lets_answers_end(self):
        with Server("--drain-timeout", "20") as server, server.connect() as connection:
            connection.sendall(post({**COMPLETION, "max_tokens": 100, "ignore_eos": True, "stream": True}))
            connection.recv(10)
            server.process.send_signal(signal.SIGTERM)
            received = read_all(connection)
            self.assertIn(b"[DONE]", received)
            self.assertNotIn(b'"error"', received)
            self.assertEqual(server.process.wait(10), 0)


if __name__ == "__main__":
    unittest.main()
