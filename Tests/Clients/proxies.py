"""Runs nginx and HAProxy, as Docs/Deployment configures them, in front of two servers, and ends one of these under load.

Usage: proxies.py APUS MODEL

MODEL is any small model with a chat template. Needs `nginx` and `haproxy`, and the packages that `run` installs. Prints
one line for each check and exits 0 if all hold.
"""

import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

import boto3
import botocore.config
import openai

from harness import Server, check, raised, run, until

CONFIGURATIONS = pathlib.Path(__file__).resolve().parents[2] / "Docs" / "Deployment"
KEY = "secret"
SIGNED = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
CLIENTS = 6


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Proxy:
    """A proxy before servers with these ports, in a folder of its own. A context manager."""

    def __init__(self, name, ports):
        self.folder, self.port = tempfile.mkdtemp(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        file = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg"}[name]
        text = (CONFIGURATIONS / file).read_text()
        for known, port in zip((8081, 8082), ports):
            text = text.replace(f"127.0.0.1:{known}", f"127.0.0.1:{port}")
        for known in ("listen 8080", "bind :8080"):
            text = text.replace(known, f"{known.split()[0]} 127.0.0.1:{self.port}")
        # Bodies that are too large for memory, written by nginx's own user where it was started by root.
        pathlib.Path(self.folder).chmod(0o755)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        paths = "".join(f"  {kind}_temp_path {self.folder}/{kind};\n" for kind in kinds)
        text = text.replace("http {\n", "http {\n  access_log off;\n" + paths)
        path = pathlib.Path(self.folder) / file
        path.write_text(text)
        pid = f"daemon off; pid {self.folder}/pid;"
        command = {
            "nginx": ["nginx", "-p", self.folder, "-e", "stderr", "-c", str(path), "-g", pid],
            "haproxy": ["haproxy", "-db", "-f", str(path)],
        }[name]
        self.log = open(pathlib.Path(self.folder) / "log", "w")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)

    def __enter__(self):
        for _ in range(100):
            if self.process.poll() is not None:
                raise SystemExit("the proxy did not start:\n" + (pathlib.Path(self.folder) / "log").read_text())
            try:
                urllib.request.urlopen(self.url + "/health", timeout=5).close()
                return self
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the proxy does not answer:\n" + (pathlib.Path(self.folder) / "log").read_text())

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder)


class Load:
    """Clients that ask without end, whole answers and streams in turn, and what became of it."""

    def __init__(self, url):
        self.client = openai.OpenAI(base_url=url + "/v1", api_key=KEY, max_retries=0, timeout=60)
        self.whole, self.streams, self.lost, self.cut, self.vague = 0, 0, [], [], []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(number,)) for number in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def ask(self, number):
        while not self.ended.is_set():
            asked = {"model": "any", "prompt": f"Number {number}:", "max_tokens": 24, "extra_body": {"ignore_eos": True}}
            number += CLIENTS
            if (number + number // CLIENTS) % 2:
                error = raised(Exception, lambda: self.client.completions.create(**asked))
                self.whole += 1
                self.lost += [repr(error)] if error else []
            else:
                self.stream(asked)

    def stream(self, asked):
        """A stream that was begun either ends, or ends in an error."""
        self.streams += 1
        reasons = []
        begun = False
        try:
            for frame in self.client.completions.create(**asked, stream=True):
                begun = True
                reasons += [frame.choices[0].finish_reason] if frame.choices and frame.choices[0].finish_reason else []
        except Exception as error:  # Whatever the client makes of it.
            (self.cut if begun else self.lost).append(repr(error))
            return
        if reasons != ["length"]:
            self.vague.append(repr(reasons))

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()


def port_of(server):
    return int(server.url.rsplit(":", 1)[1])


def running(server):
    with urllib.request.urlopen(server.url + "/health") as reply:
        return json.load(reply)["running"]


def add_key(request, **_):
    """Beside the signature, which a server with other keys does not look at."""
    request.headers["x-api-key"] = KEY


def check_passing(name, proxy, servers):
    """What goes through as it came: pieces of a stream at once, signed requests, encoded paths, errors, leaving."""
    client = openai.OpenAI(base_url=proxy.url + "/v1", api_key=KEY, max_retries=0, timeout=60)
    asked = {"model": "any", "prompt": "a", "max_tokens": 2000, "stream": True, "extra_body": {"ignore_eos": True}}
    stream = client.completions.create(**asked)
    next(iter(stream))
    check(f"{name}: a stream's first piece comes while its answer is worked on", sum(map(running, servers)) == 1)
    stream.close()
    check(f"{name}: a client that leaves ends its answer", until(lambda: sum(map(running, servers)) == 0))

    settings = botocore.config.Config(retries={"max_attempts": 0})
    bedrock = boto3.client(
        "bedrock-runtime", endpoint_url=proxy.url, region_name="us-east-1", config=settings, **SIGNED)
    bedrock.meta.events.register("before-send.bedrock-runtime", add_key)
    arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-3-haiku-20240307-v1:0"
    messages = [{"role": "user", "content": [{"text": "Hello"}]}]
    events = bedrock.converse_stream(modelId=arn, messages=messages, inferenceConfig={"maxTokens": 4})["stream"]
    check(f"{name}: an ARN in a path, and an event stream", [next(iter(event)) for event in events][-1] == "metadata")
    error = raised(openai.BadRequestError, lambda: client.completions.create(model="any", prompt="a", temperature=3))
    check(f"{name}: an error is the server's", error is not None and error.param == "temperature", repr(error))
    long = {"model": "any", "prompt": "x" * (8 << 20) + "x"}
    error = raised(openai.APIStatusError, lambda: client.completions.create(**long))
    check(f"{name}: a body that is too large is refused by the server",
          error is not None and error.status_code == 413 and error.body is not None, repr(error))


class LongStreams:
    """Streams on both servers that go on until `stop`; each has begun. How they end is in `ends`."""

    def __init__(self, proxy, servers):
        self.client = openai.OpenAI(base_url=proxy.url + "/v1", api_key=KEY, max_retries=0, timeout=60)
        self.ends, self.threads, self.stopped = [], [], threading.Event()
        while len(self.threads) < 8 and not all(map(running, servers)):
            begun = threading.Event()
            self.threads.append(threading.Thread(target=self.read, args=(begun,)))
            self.threads[-1].start()
            begun.wait(60)

    def read(self, begun):
        asked = {"model": "any", "prompt": "a", "max_tokens": 2000, "stream": True, "extra_body": {"ignore_eos": True}}
        reasons = set()
        try:
            with self.client.completions.create(**asked) as stream:
                for frame in stream:
                    begun.set()
                    reasons |= {choice.finish_reason for choice in frame.choices}
                    if self.stopped.is_set():
                        reasons.add("stopped")
                        break
        except Exception as error:  # Whatever the client makes of it.
            self.ends.append(repr(error))
        else:
            self.ends.append(next((end for end in ("length", "stopped") if end in reasons), "no word"))

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()


def check_kill(name, proxy, servers, restart):
    """One server is killed under load; then another takes its place, and the second is ended in order."""
    streams = LongStreams(proxy, servers)
    load = Load(proxy.url)
    until(lambda: load.whole >= CLIENTS)
    cut = running(servers[0])
    servers[0].process.kill()
    servers[0].process.wait()
    alone = load.whole
    until(lambda: streams.ends and load.whole >= alone + CLIENTS)
    streams.stop()
    fresh = restart()
    # Until the proxy has seen it.
    until(lambda: running(fresh) > 0)
    killed = len(load.cut)
    servers[1].process.terminate()
    servers[1].process.wait(timeout=60)
    before = load.whole + load.streams
    until(lambda: load.whole + load.streams > before + CLIENTS)
    load.stop()
    print(f"      {name}: {load.whole} whole answers, {load.streams} streams, {len(load.cut)} cut; long: {streams.ends}")
    check(f"{name}: no request that had no answer yet is lost", not load.lost, "; ".join(load.lost[:3]))
    errors = [end for end in streams.ends if end not in ("length", "stopped", "no word")]
    check(f"{name}: streams of the killed server end in an error", 0 < len(errors) < len(streams.ends), repr(streams.ends))
    check(f"{name}: no others do", len(load.cut) + len(errors) <= cut, f"{len(load.cut)} of {cut}")
    check(f"{name}: none is cut by a server that ends in order", len(load.cut) == killed, repr(load.cut))
    check(f"{name}: no stream ends without a word", not load.vague and "no word" not in streams.ends, repr(load.vague))
    check(f"{name}: the new server answers",
          load.whole + load.streams > before and until(lambda: running(fresh) == 0))


def main(apus, model):
    options = ("--api-key", KEY, "--threads", "1")
    for name in ("nginx", "haproxy"):
        with Server(apus, model, *options) as one, Server(apus, model, *options) as two:
            with Proxy(name, (port_of(one), port_of(two))) as proxy:
                check_passing(name, proxy, (one, two))
                port = port_of(one)
                fresh = []

                def restart():
                    fresh.append(Server(apus, model, *options, listen=f"127.0.0.1:{port}"))
                    return fresh[0]

                try:
                    check_kill(name, proxy, (one, two), restart)
                finally:
                    for server in fresh:
                        server.__exit__()


if __name__ == "__main__":
    run(main, __doc__)
