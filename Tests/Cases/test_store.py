"""What a server keeps: nothing that was acknowledged is lost, and answers go on without it."""

import http.client
import json
import os
import random
import resource
import threading
import time
import unittest

from program import Server, apus, temporary

PATH = "/apus/conversations"
# How often the server is killed.
KILLS = int(os.environ.get("APUS_CASES_KILLS", "8"))


def conversation(text):
    return {"title": text, "messages": [{"role": "user", "content": text * 50}]}


class StoreTests(unittest.TestCase):
    def test_what_was_acknowledged_outlives_a_kill(self):
        store = temporary("killed.sqlite")
        kept, number, chance = {}, 0, random.Random(1)
        for _ in range(KILLS):
            with Server("--store", store) as server:
                for identifier, text in kept.items():
                    answer = server.get(f"{PATH}/{identifier}")
                    self.assertEqual(answer.status, 200, identifier)
                    # The last one may have come in without being acknowledged.
                    self.assertGreaterEqual(int(answer.json["title"]), int(text), identifier)
                timer = threading.Timer(chance.uniform(0.01, 0.15), server.process.kill)
                timer.start()
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
                try:
                    while True:
                        number += 1
                        identifier, text = f"c{number % 7}", str(number)
                        connection.request("PUT", f"{PATH}/{identifier}", json.dumps(conversation(text)))
                        answer = connection.getresponse()
                        answer.read()
                        self.assertEqual(answer.status, 204)
                        kept[identifier] = text
                except (OSError, http.client.HTTPException):
                    pass
                timer.join()
        self.assertEqual(len(kept), 7)

    def test_a_store_that_cannot_be_opened_is_a_sentence(self):
        for path in [temporary("no/folder/store"), os.path.dirname(temporary("x"))]:
            result = apus("serve", os.environ["MODEL"], "--listen", "127.0.0.1:0", "--store", path)
            self.assertEqual(result.returncode, 1)
            self.assertIn(path, result.stderr)

    def test_a_full_disk_degrades_the_store_and_not_the_answers(self):
        store = temporary("full.sqlite")
        # No file of the process may grow beyond this: the system says so as it does for a full disk.
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        environment = {"SWIFT_BACKTRACE": "enable=no"}
        with Server("--store", store, limits=limit, environment=environment) as server:
            statuses = [
                server.request("PUT", f"{PATH}/f{index}", conversation("x" * 200)).status for index in range(60)]
            self.assertIn(503, statuses)
            answer = server.chat("Hello", max_tokens=4)
            self.assertEqual(answer.status, 200)
            self.assertTrue(any("store" in entry["message"] for entry in server.log))
            self.assertIsNone(server.process.poll())

    def test_counts_of_usage_outlive_a_server(self):
        store = temporary("usage.sqlite")
        for number in 1, 2:
            with Server("--store", store) as server:
                self.assertEqual(server.chat("Hello", max_tokens=2).status, 200)
                server.process.terminate()
                self.assertEqual(server.process.wait(timeout=30), 0)
        with Server("--store", store) as server:
            usage = server.get("/admin/usage").json
            self.assertEqual((usage["total"]["requests"], usage["kept"]), (2, True))

    def test_without_a_store_answers_say_so(self):
        with Server() as server:
            answer = server.get(PATH)
            self.assertEqual((answer.status, answer.error["code"]), (503, "store_unavailable"))
