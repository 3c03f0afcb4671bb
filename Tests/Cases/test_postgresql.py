"""A server that keeps what it has in PostgreSQL: nothing that was acknowledged is lost when that is killed."""

import contextlib
import glob
import http.client
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from program import MODEL, Server, apus, free_port, lacks

PATH = "/apus/conversations"
PASSWORD = "s3cret-of-the-store"
# How often the database is killed.
KILLS = int(os.environ.get("APUS_CASES_KILLS", "8"))


def programs():
    """The folder with Debian's programs of PostgreSQL; ends the tests where there is none."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return os.path.dirname(found[-1]) if found else lacks("the package postgresql")


class Database:
    """A cluster of its own on a free port, which can be killed and started again; a context manager."""

    def __init__(self):
        self.programs = programs()
        # PostgreSQL does not run as root.
        self.user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        self.folder = tempfile.mkdtemp(prefix="apus-postgresql-")
        with open(f"{self.folder}/password", "w") as file:
            file.write(PASSWORD)
        if self.user:
            entry = pwd.getpwnam("postgres")
            for path in [self.folder, f"{self.folder}/password"]:
                os.chown(path, entry.pw_uid, entry.pw_gid)
        self.port = free_port()
        subprocess.run(
            [f"{self.programs}/initdb", "--pgdata", f"{self.folder}/data", "--username", "apus", "--auth",
             "scram-sha-256", "--pwfile", f"{self.folder}/password"],
            check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **self.user)
        self.process = None
        self.start()

    def url(self, password=PASSWORD, name="postgres"):
        return f"postgres://apus:{password}@127.0.0.1:{self.port}/{name}"

    def start(self):
        deadline = time.monotonic() + 60
        while True:
            self.process = subprocess.Popen(
                [f"{self.programs}/postgres", "-D", f"{self.folder}/data", "-p", str(self.port), "-k", self.folder,
                 "-c", "listen_addresses=127.0.0.1"],
                cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                **self.user)
            # It ends at once where processes of the one before still live.
            while self.process.poll() is None and time.monotonic() < deadline:
                ready = [f"{self.programs}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
                if subprocess.run(ready).returncode == 0:
                    return
                time.sleep(0.05)
            if time.monotonic() > deadline:
                raise AssertionError("PostgreSQL did not start")
            time.sleep(0.1)

    def send(self, number):
        """Sends a signal to all its processes, each of which has a group of its own."""
        task = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(task) as children:
            for identifier in [self.process.pid, *map(int, children.read().split())]:
                try:
                    os.kill(identifier, number)
                except ProcessLookupError:
                    pass

    def kill(self):
        """Kills all its processes at once."""
        self.send(signal.SIGKILL)
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def conversation(text):
    return {"title": text, "messages": [{"role": "user", "content": text * 50}]}


def eventually(test, request):
    """The answer to a request once the database is there again."""
    deadline = time.monotonic() + 30
    while True:
        answer = request()
        if answer.status != 503:
            return answer
        test.assertLess(time.monotonic(), deadline, "the store does not come back")
        time.sleep(0.1)


class PostgreSQLTests(unittest.TestCase):
    def test_what_was_acknowledged_outlives_a_kill_of_the_database(self):
        kept, number, chance = {}, 0, random.Random(2)
        with Database() as database, Server("--store", database.url()) as server:
            for _ in range(KILLS):
                timer = threading.Timer(chance.uniform(0.01, 0.2), database.kill)
                timer.start()
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
                while True:
                    number += 1
                    identifier, text = f"c{number % 7}", str(number)
                    connection.request("PUT", f"{PATH}/{identifier}", json.dumps(conversation(text)))
                    answer = connection.getresponse()
                    answer.read()
                    if answer.status != 204:
                        self.assertEqual(answer.status, 503)
                        break
                    kept[identifier] = text
                timer.join()
                answer = server.chat("Hello", max_tokens=1)
                self.assertEqual(answer.status, 200, "answers go on")
                database.start()
                for identifier, text in kept.items():
                    answer = eventually(self, lambda: server.get(f"{PATH}/{identifier}"))
                    self.assertEqual(answer.status, 200, identifier)
                    # The last one may have come in without being acknowledged.
                    self.assertGreaterEqual(int(answer.json["title"]), int(text), identifier)
            self.assertFalse(any(PASSWORD in json.dumps(entry) for entry in server.log))
        self.assertEqual(len(kept), 7)

    def test_answers_go_on_from_each_other_and_say_what_is_not_kept(self):
        with Database() as database:
            with Server("--store", database.url()) as server, Server("--store", database.url()) as other:
                body = {"input": "Hello", "max_output_tokens": 4, "seed": 1}
                first = server.request("POST", "/v1/responses", body)
                self.assertTrue(first.json["store"])
                # Two servers share what is kept.
                self.assertEqual(other.get(f"/v1/responses/{first.json['id']}").json, first.json)
                following = {**body, "previous_response_id": first.json["id"]}
                self.assertEqual(other.request("POST", "/v1/responses", following).status, 200)
                database.kill()
                answer = server.request("POST", "/v1/responses", body)
                self.assertEqual((answer.status, answer.json["store"]), (200, False))
                self.assertEqual(answer.headers["X-Apus-Kept"], "false")
                self.assertEqual(server.request("POST", "/v1/responses", following).status, 503)
                database.start()
                answer = eventually(self, lambda: server.request("POST", "/v1/responses", following))
                self.assertTrue(answer.json["store"])
                # A database that hangs is as good as none, after a bounded time.
                database.send(signal.SIGSTOP)
                answer = server.request("POST", "/v1/responses", body)
                self.assertEqual((answer.status, answer.json["store"]), (200, False))
                database.send(signal.SIGCONT)

    def test_what_is_too_much_or_too_old_goes(self):
        with Database() as database:
            with Server("--store", database.url(), "--store-room-per-key", "16M") as server:
                for number in range(20):
                    body = {"title": str(number), "messages": [{"role": "user", "content": "x" * 900_000}]}
                    self.assertEqual(server.request("PUT", f"{PATH}/c{number}", body).status, 204)
                kept = [entry["id"] for entry in server.get(PATH).json["conversations"]]
                # Eighteen of 900 kB fit into 16 MiB.
                self.assertEqual(kept, [f"c{number}" for number in range(19, 1, -1)])
                answers = [
                    server.request("POST", "/v1/responses", {"input": "Hello", "max_output_tokens": 2}).json["id"]
                    for _ in range(2)]
            self.execute(database, "UPDATE apus_documents SET time = 0 WHERE kind = 'response' AND id = "
                         f"convert_to('{answers[0]}', 'UTF8')")
            with Server("--store", database.url()) as server:
                deadline = time.monotonic() + 30
                while server.get(f"/v1/responses/{answers[0]}").status != 404:
                    self.assertLess(time.monotonic(), deadline, "the old answer does not go")
                    time.sleep(0.05)
                self.assertEqual(server.get(f"/v1/responses/{answers[1]}").status, 200)
                self.assertEqual(server.get(f"{PATH}/c19").status, 200)

    def test_what_is_just_changed_is_not_what_goes_as_the_oldest(self):
        with Database() as database, Server("--store", database.url()) as server:
            self.put(server, "new0")
            # One owner has as many as it may: f9999 is the oldest.
            self.execute(database, "INSERT INTO apus_documents "
                         "SELECT kind, owner, convert_to('f' || n, 'UTF8'), title, time - n, body "
                         "FROM apus_documents, generate_series(1, 9999) AS n WHERE kind = 'conversation'")
            with self.changing(database, "f9999"):
                # Nobody waits for a change of another connection.
                self.put(server, "new1")
                self.assertEqual(server.get(f"{PATH}/f9998").status, 200)
            self.assertEqual(server.get(f"{PATH}/f9999").status, 200)
            self.put(server, "new2")
            statuses = [server.get(f"{PATH}/{name}").status for name in ["f9999", "f9998", "f9997", "f9996"]]
            self.assertEqual(statuses, [200, 404, 404, 200])

    def put(self, server, name):
        self.assertEqual(server.request("PUT", f"{PATH}/{name}", conversation(name)).status, 204)

    @contextlib.contextmanager
    def changing(self, database, name):
        """Has another connection be about to make a document the newest, until the end."""
        psql = [f"{database.programs}/psql", database.url(), "--quiet", "--tuples-only", "--no-align"]
        with subprocess.Popen(psql, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            other.stdin.write("BEGIN; UPDATE apus_documents SET time = time + 100000 WHERE id = "
                              f"convert_to('{name}', 'UTF8') RETURNING 'held';\n")
            other.stdin.flush()
            self.assertEqual(other.stdout.readline().strip(), "held")
            yield
            other.communicate("COMMIT;\n", timeout=30)
            self.assertEqual(other.returncode, 0)

    def test_servers_of_one_database_count_usage_together(self):
        body = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}
        with Database() as database:
            with Server("--store", database.url()) as server, Server("--store", database.url()) as other:
                for one in server, other, server:
                    self.assertEqual(one.request("POST", "/v1/chat/completions", body).status, 200)
                self.await_usage(server, True, 3, telling=other)
                self.await_usage(other, True, 3)
                database.kill()
                self.assertEqual(server.request("POST", "/v1/chat/completions", body).status, 200)
                self.await_usage(server, False, 4)
                database.start()
                self.await_usage(server, True, 4)
                self.assertEqual(other.request("POST", "/v1/chat/completions", body).status, 200)
                # What is not written yet is written at the end.
                other.process.terminate()
                self.assertEqual(other.process.wait(timeout=30), 0)
                self.await_usage(server, True, 5)

    def await_usage(self, server, kept, count, telling=None):
        """Waits until a server tells of so many requests and whether these are kept; `telling` writes its own before."""
        deadline = time.monotonic() + 30
        while True:
            if telling:
                telling.get("/admin/usage")
            usage = server.get("/admin/usage").json
            if (usage["total"]["requests"], usage["kept"]) == (count, kept):
                return
            self.assertLess(time.monotonic(), deadline, usage)
            time.sleep(0.1)

    def execute(self, database, command):
        result = subprocess.run(
            [f"{database.programs}/psql", database.url(), "-c", command], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_an_address_that_is_wrong_is_a_sentence_without_its_password(self):
        with Database() as database:
            wrong = "wr0ng-p@ss"
            for url in [
                database.url(wrong), database.url(name="missing"), f"postgres://apus:{wrong}@127.0.0.1:1/postgres",
                f"postgres://apus:{wrong}@nowhere.invalid:{wrong}/x", f"mysql://apus:{wrong}@127.0.0.1/x",
            ]:
                result = apus("serve", MODEL, "--listen", "127.0.0.1:0", "--store", url)
                self.assertEqual(result.returncode, 1, url)
                self.assertIn("PostgreSQL", result.stderr)
                for secret in ["wr0ng", "ss@", PASSWORD]:
                    self.assertNotIn(secret, result.stderr + result.stdout)
            shown = apus("serve", MODEL, "--store", database.url(), "--print-config")
            self.assertEqual(shown.returncode, 0)
            self.assertNotIn(PASSWORD, shown.stdout)
