"""The built program under test: as a command, and as a server on a free port of this machine."""

import atexit
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

APUS = os.environ["APUS"]
MODEL = os.environ["MODEL"]
# Machines are shared with others: what is promised for a quiet one may take so many times longer.
# APUS_CASES_SLACK=1 holds the promises themselves.
SLACK = float(os.environ.get("APUS_CASES_SLACK", "6"))
# Seconds in which `/health` answers, whatever else goes on.
HEALTH_LIMIT = 0.050 * SLACK
ENVIRONMENT = {**os.environ, "SWIFT_BACKTRACE": "enable=no"}

_folder = tempfile.mkdtemp(prefix="apus-cases-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)


def temporary(name):
    """A path for a file that goes when the tests end."""
    return os.path.join(_folder, name)


def free_port():
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def lacks(what):
    """Ends a test that needs what is not here: skips it, and fails it in CI."""
    if os.environ.get("CI"):
        raise AssertionError(f"CI lacks {what}")
    raise unittest.SkipTest(f"not here: {what}")


def shared(path):
    """A file of the reference data; ends the test where there is none."""
    root = pathlib.Path(os.environ.get("APUS_TEST_DATA", pathlib.Path(__file__).parents[3] / "shared" / "data"))
    found = root.parent / path
    if not found.exists():
        lacks(f"{path} of the reference data")
    return str(found)


def apus(*arguments, stdin=b"", timeout=120, environment=None, limits=None):
    """Runs `apus ARGUMENTS` to its end; the result has returncode, stdout and stderr as text.

    `limits` is a function called in the new process before the program starts, for `resource.setrlimit`.
    """
    if isinstance(stdin, str):
        stdin = stdin.encode()
    result = subprocess.run(
        [APUS, *map(str, arguments)], input=stdin, capture_output=True, timeout=timeout,
        env={**ENVIRONMENT, **(environment or {})}, preexec_fn=limits)
    result.stdout = result.stdout.decode(errors="replace")
    result.stderr = result.stderr.decode(errors="replace")
    return result


class Answer:
    """What a server answered: `status`, `headers`, `text` and, where it is JSON, `json`."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.bytes = response.read()
        self.text = self.bytes.decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def error(self):
        return self.json["error"]

    @property
    def content(self):
        """The text of the first choice, of a chat or a completion."""
        choice = self.json["choices"][0]
        return choice["message"]["content"] if "message" in choice else choice["text"]


class Server:
    """`apus serve MODEL ARGUMENTS`, from its first request to SIGTERM; a context manager.

    Its log lines are in `log`, as objects. With `stderr`, nobody reads the log: it goes to that file. With `cache=None`
    it has the response cache that it has by itself.
    """

    def __init__(self, *arguments, model=MODEL, environment=None, stderr=None, limits=None, cache="off"):
        listen = [] if "--listen" in arguments else ["--listen", "127.0.0.1:0"]
        store = [] if "--store" in arguments else ["--store", "none"]
        # What is asked for twice is computed twice.
        cache = [] if "--cache" in arguments or cache is None else ["--cache", cache]
        self.log = []
        self.process = subprocess.Popen(
            [APUS, "serve", model, *listen, *store, *cache, *map(str, arguments)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=stderr if stderr is not None else subprocess.PIPE,
            env={**ENVIRONMENT, **(environment or {})}, preexec_fn=limits)
        self.port = None
        if stderr is None:
            self._ready = threading.Event()
            threading.Thread(target=self._read, daemon=True).start()
            if not self._ready.wait(60) or self.port is None:
                self.process.kill()
                raise AssertionError(f"the server did not start: {self.log[-3:]}")

    def _read(self):
        for line in self.process.stderr:
            try:
                entry = json.loads(line)
            except ValueError:
                entry = {"message": line.decode(errors="replace").rstrip()}
            self.log.append(entry)
            if self.port is None and entry["message"].startswith("listening on http://"):
                self.port = int(entry["message"].rsplit(":", 1)[1])
                self._ready.set()
        self._ready.set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def request(self, method, path, body=None, headers=None, timeout=60):
        """One request on a connection of its own; `body` is bytes, or anything else as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, data, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, headers=None, timeout=60):
        return self.request("GET", path, headers=headers, timeout=timeout)

    def post(self, path, body, headers=None, timeout=60):
        return self.request("POST", path, body, headers, timeout)

    def chat(self, *messages, **fields):
        """A chat completion; a message that is a text is the user's."""
        conversation = [{"role": "user", "content": m} if isinstance(m, str) else m for m in messages]
        return self.post("/v1/chat/completions", {"messages": conversation, "temperature": 0, **fields})

    def connect(self, timeout=60):
        """A plain connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def health_seconds(self, timeout=60):
        """How long `/health` takes to answer 200."""
        start = time.monotonic()
        answer = self.get("/health", timeout=timeout)
        assert answer.status == 200, answer.text
        return time.monotonic() - start

    def memory(self):
        """Bytes of memory that are the process's own, mapped files left out."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("the system does not tell the memory of a process")

    def stop(self, timeout=60):
        """Sends SIGTERM and returns the exit code and the seconds that it took."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout)
        return code, time.monotonic() - start


def percentile(values, share):
    """The value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
