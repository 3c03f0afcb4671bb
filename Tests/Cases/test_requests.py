"""Requests: their order of work, limits, numbers, fields, seeds, keys and encodings."""

import concurrent.futures
import contextlib
import gzip
import json
import os
import socket
import threading
import time
import unittest

from model_file import ModelFile
from program import HEALTH_LIMIT, MODEL, SLACK, Server, apus, percentile, temporary

COMPLETIONS = "/v1/completions"
CHAT = "/v1/chat/completions"
ENDLESS = {"prompt": "a", "max_tokens": 1_000_000, "ignore_eos": True}


class HealthWatch:
    """Asks `/health` every 20 ms while it is entered."""

    def __init__(self, server):
        self.server = server
        self.times = []
        self._ends = threading.Event()

    def __enter__(self):
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self):
        while not self._ends.wait(0.02):
            self.times.append(self.server.health_seconds())

    def __exit__(self, *_):
        self._ends.set()
        self._thread.join()

    @property
    def p99(self):
        return percentile(self.times, 0.99)


class SharedServer(unittest.TestCase):
    """One server for the cases of a class."""

    options = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.options)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def complete(self, **fields):
        return self.server.post(COMPLETIONS, {"prompt": "Once upon a time", "max_tokens": 4, **fields})

    def expect_refusal(self, answer, param, *words):
        self.assertEqual(answer.status, 400, answer.text)
        self.assertEqual(answer.error["param"], param)
        for word in words:
            self.assertIn(word, answer.error["message"])


class TestNumbersOfTheContext(SharedServer):
    options = ("--context", "512")

    def test_a_prompt_far_too_long_is_told_with_its_true_number(self):
        text = "word " * 15_000
        count = len(json.loads(apus("tokenize", MODEL, "--json", stdin=text).stdout)["ids"])
        answer = self.server.post(COMPLETIONS, {"prompt": text, "max_tokens": 100})
        self.expect_refusal(
            answer, "prompt", "maximum context length is 512 tokens", f"you requested {count + 100} tokens",
            f"({count} in the prompt, 100 in the completion)")
        self.assertEqual(answer.error["code"], "context_length_exceeded")

    def test_a_chat_names_its_messages(self):
        answer = self.server.chat("word " * 15_000, max_completion_tokens=50)
        self.expect_refusal(answer, "messages", " in the messages, 50 in the completion)")

    def test_a_prompt_of_exactly_the_context_requests_more_than_that(self):
        for limit, completion in [(None, 16), (0, 1), (1, 1), (7, 7)]:
            fields = {} if limit is None else {"max_tokens": limit}
            answer = self.server.post(COMPLETIONS, {"prompt": [5] * 512, **fields})
            self.expect_refusal(
                answer, "prompt", f"requested {512 + completion} tokens (512 in the prompt, {completion} in the")

    def test_the_command_line_says_the_same_numbers(self):
        text = "word " * 15_000
        count = len(json.loads(apus("tokenize", MODEL, "--json", stdin=text).stdout)["ids"])
        result = apus("run", MODEL, "--context", "512", "--raw", "-n", "100", "-", stdin=text)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"the prompt has {count} tokens and {count + 100} are needed", result.stderr)

    def test_of_many_prompts_the_first_that_cannot_fit_ends_the_work(self):
        answer = self.server.post(COMPLETIONS, {"prompt": ["word " * 600, "x" * 7_000_000], "max_tokens": 1})
        self.expect_refusal(answer, "prompt", "in the prompt, 1 in the completion")


class TestDefaultCache(unittest.TestCase):
    def test_a_greedy_question_that_comes_again_is_answered_from_memory(self):
        with Server(cache=None) as server:
            first, second = (server.chat("Who are you?", max_tokens=4) for _ in range(2))
        self.assertEqual((first.status, second.status), (200, 200), first.text)
        self.assertEqual([answer.headers["X-Apus-Cache"] for answer in (first, second)], ["miss", "hit"])
        self.assertEqual(second.content, first.content)


class TestFields(SharedServer):
    def tokens(self, answer):
        self.assertEqual(answer.status, 200, answer.text)
        return answer.json["usage"]["completion_tokens"]

    def test_limits_of_other_dialects_are_honoured(self):
        for name in ["n_predict", "num_predict", "max_new_tokens", "max_token", "max_tokens_to_sample",
                     "max_output_tokens", "max_completion_tokens"]:
            answer = self.server.post(COMPLETIONS, {"prompt": "a", "ignore_eos": True, name: 2})
            self.assertEqual(self.tokens(answer), 2, name)
            self.assertIsNone(answer.headers["X-Apus-Ignored-Fields"], name)
            self.assertEqual(self.tokens(self.server.chat("a", ignore_eos=True, **{name: 3})), 3, name)

    def test_limits_within_the_objects_of_other_dialects_are_honoured(self):
        for nested in [{"options": {"num_predict": 2}}, {"parameters": {"max_new_tokens": 2}},
                       {"extra_body": {"max_tokens": 2}}]:
            answer = self.server.post(COMPLETIONS, {"prompt": "a", "ignore_eos": True, **nested})
            self.assertEqual(self.tokens(answer), 2, str(nested))

    def test_no_limit_in_the_words_of_ollama_goes_on_to_the_end(self):
        with Server("--context", "64") as server:
            answer = server.post(COMPLETIONS, {"prompt": "a", "ignore_eos": True, "num_predict": -1})
            self.assertGreater(self.tokens(answer), 40)

    def test_stop_texts_of_other_dialects_end_the_answer(self):
        whole = self.complete(max_tokens=40, temperature=0).content
        stop = whole[10:14]
        for name in ["stop", "stop_sequences", "stop_sequence", "stopping_strings"]:
            answer = self.complete(max_tokens=40, temperature=0, **{name: [stop]})
            self.assertEqual(answer.content, whole[:whole.index(stop)], name)

    def test_two_limits_that_differ_are_an_error_that_names_both(self):
        answer = self.complete(max_tokens=2, n_predict=3)
        self.expect_refusal(answer, "n_predict", "n_predict", "max_tokens")
        answer = self.complete(max_tokens=2, options={"max_tokens": 3})
        self.expect_refusal(answer, "max_tokens", "options.max_tokens")
        self.assertEqual(self.tokens(self.complete(max_tokens=2, max_new_tokens=2, ignore_eos=True)), 2)

    def test_two_penalties_that_differ_are_an_error_that_names_both(self):
        answer = self.complete(repeat_penalty=1.2, repetition_penalty=1.3)
        self.expect_refusal(answer, "repeat_penalty", "repeat_penalty", "repetition_penalty")
        self.assertEqual(self.complete(repeat_penalty=1.2, repetition_penalty=1.2).status, 200)

    def test_a_field_that_is_not_known_is_named_in_the_header_and_the_log(self):
        answer = self.complete(top_a=0.5, tfs_z=1, user="u", metadata={"a": "b"}, grammar=None)
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["X-Apus-Ignored-Fields"], "top_a, tfs_z")
        self.wait_for_log("top_a, tfs_z")

    def wait_for_log(self, names):
        end = time.monotonic() + 10
        while time.monotonic() < end:
            if any(line.get("ignored_fields") == names for line in self.server.log):
                return
            time.sleep(0.02)
        self.fail("the log does not name the fields")

    def test_a_stream_names_them_too(self):
        answer = self.complete(stream=True, colour="red")
        self.assertEqual(answer.headers["X-Apus-Ignored-Fields"], "colour")

    def test_fields_within_messages_parts_and_options_are_named(self):
        parts = [{"type": "text", "text": "a", "weight": 2}, {"type": "text", "text": "b", "weight": 1}]
        answer = self.server.chat(
            {"role": "user", "content": parts, "name": "Ann"}, max_tokens=1, stream=True,
            stream_options={"include_usage": True, "continuous_usage_stats": True})
        self.assertEqual(
            set(answer.headers["X-Apus-Ignored-Fields"].split(", ")),
            {"messages[].name", "messages[].content[].weight", "stream_options.continuous_usage_stats"})

    def test_names_in_the_header_are_short_visible_and_few(self):
        fields = {f"x{i}\r\nInjected: {i}é{'y' * 500}": 1 for i in range(200)}
        answer = self.complete(**fields)
        self.assertEqual(answer.status, 200)
        self.assertIsNone(answer.headers["Injected"])
        self.assertLess(len(answer.headers["X-Apus-Ignored-Fields"]), 1200)

    def test_malformed_function_calls_in_a_conversation_are_refused_by_name(self):
        for call, field in [({"name": 3}, "messages[1].function_call.name"), (3, "messages[1].function_call"),
                            ({"name": "f", "arguments": 3}, "messages[1].function_call.arguments")]:
            answer = self.server.chat("a", {"role": "assistant", "content": None, "function_call": call}, "b")
            self.expect_refusal(answer, field)

    def test_function_calls_in_a_conversation_are_taken(self):
        answer = self.server.chat("a", {"role": "assistant", "content": None, "function_call": {"name": "f"}}, "b")
        self.assertEqual(answer.status, 200, answer.text)

    def test_a_number_out_of_range_names_the_bound_that_is_broken(self):
        for fields, words in [
            ({"max_tokens": 1e30}, "at most 9223372036854775807"), ({"max_tokens": -1}, "at least 0"),
            ({"n": 0}, "at least 1"), ({"n": 9}, "at most 8"), ({"top_k": -2}, "at least -1"),
            ({"top_k": 2**40}, "at most 2147483647"), ({"n": 1.5}, "a whole number"),
            ({"temperature": 2.5}, "at most 2"), ({"temperature": -1}, "at least 0"),
            ({"logprobs": 21}, "at most 20"), ({"repeat_last_n": -2**70}, "at least -1"),
        ]:
            self.expect_refusal(self.complete(**fields), next(iter(fields)), words)


class TestSeeds(SharedServer):
    def text(self, seed):
        answer = self.complete(max_tokens=24, temperature=1.5, seed=seed, ignore_eos=True)
        self.assertEqual(answer.status, 200, answer.text)
        return answer.content

    def test_minus_one_is_random_on_the_server(self):
        self.assertGreater(len({self.text(seed) for seed in [-1, -1, "-1", -1.0]}), 1)

    def test_every_seed_of_64_bits_is_accepted_as_number_and_as_text(self):
        for seed in [0, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1]:
            self.assertEqual(self.text(seed), self.text(str(seed)), str(seed))
        self.assertNotEqual(self.text(2**64 - 1), self.text(2**64 - 2))

    def test_a_seed_out_of_range_names_its_bound(self):
        for seed, words in [(2**64, "at most 18446744073709551615"), (10**40, "at most 18446744073709551615"),
                            (str(2**64), "at most"), (-2, "at least -1"), (-10**40, "at least -1"),
                            (1.5, "whole number"), ("x", "whole number"), ("", "whole number"), (True, "whole")]:
            self.expect_refusal(self.complete(seed=seed), "seed", words)

    def run_json(self, *options):
        result = apus("run", MODEL, "--raw", "--json", "-n", "24", "--temp", "1.5", "--ignore-eos", *options, "Once")
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def test_minus_one_is_random_on_the_command_line(self):
        answers = [self.run_json("--seed", "-1"), self.run_json("--seed=-1"), self.run_json("-s", "-1")]
        self.assertGreater(len({answer["text"] for answer in answers}), 1)

    def test_the_seed_that_is_printed_is_accepted_and_gives_the_same_text(self):
        first = self.run_json()
        self.assertEqual(self.run_json("--seed", first["seed"])["text"], first["text"])
        high = self.run_json("--seed", "18446744073709551615")
        self.assertEqual(high["seed"], "18446744073709551615")

    def test_the_command_line_names_the_bound_that_is_broken(self):
        for seed, words in [("18446744073709551616", "at most 18446744073709551615"), ("-2", "at least -1"),
                            ("x", "whole number")]:
            result = apus("run", MODEL, "--seed", seed, "a")
            self.assertEqual(result.returncode, 64)
            self.assertIn(words, result.stderr)

    def test_a_chat_sets_a_random_seed(self):
        result = apus("run", MODEL, "--chat", stdin="/set seed 5\n/set seed -1\n/set seed 18446744073709551615\n")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(apus("run", MODEL, "--chat", stdin="/set seed -2\n").returncode, 1)


class TestEncodings(SharedServer):
    BODY = json.dumps({"prompt": "a", "max_tokens": 1}).encode()

    def send(self, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.server.post(COMPLETIONS, self.BODY if body is None else body, headers)

    def test_a_content_encoding_is_refused_by_name(self):
        for coding in ["gzip", "GZIP", "br", "gzip, identity", "identity, deflate", "x-unknown", "compress,gzip"]:
            answer = self.send(Content_Encoding=coding)
            self.assertEqual(answer.status, 415, coding)
            name = [part.strip() for part in coding.split(",") if part.strip() != "identity"][0]
            self.assertIn(f"'{name}'", answer.error["message"])
            self.assertEqual(answer.headers["Accept-Encoding"], "identity")
        self.assertEqual(self.send(gzip.compress(self.BODY), Content_Encoding="gzip").status, 415)

    def test_identity_is_no_encoding(self):
        for coding in ["identity", "Identity", "", "identity, identity"]:
            self.assertEqual(self.send(Content_Encoding=coding).status, 200, coding)

    def test_a_character_set_that_makes_another_text_is_refused_by_name(self):
        text = {"prompt": "é", "max_tokens": 1}
        utf8 = json.dumps(text, ensure_ascii=False).encode()
        self.assertEqual(self.send(utf8, Content_Type="application/json; charset=UTF-8").status, 200)
        for charset, body in [("utf-16", self.BODY), ("ISO-8859-1", utf8)]:
            answer = self.send(body, Content_Type=f"application/json; charset={charset}")
            self.assertEqual(answer.status, 415, charset)
            self.assertIn(charset.lower(), answer.error["message"])
        self.assertEqual(self.send(Content_Type="text/plain; charset=ISO-8859-1").status, 200)


class TestKeys(unittest.TestCase):
    def expect_keys(self, server, good, bad):
        for key in good:
            self.assertEqual(server.get("/v1/models", {"Authorization": f"Bearer {key}"}).status, 200, key)
        for key in bad:
            self.assertEqual(server.get("/v1/models", {"Authorization": f"Bearer {key}"}).status, 401, key)

    def file(self, text, mode=0o600):
        path = temporary("keys")
        with open(path, "wb") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def test_keys_come_from_a_file_the_environment_and_arguments(self):
        path = self.file(b"\xef\xbb\xbf# keys\r\n\r\n  first \r\nsecond\n#third\n")
        with Server("--api-key-file", path, "--api-key", "argument", environment={"APUS_API_KEY": "variable"}) as server:
            self.expect_keys(
                server, ["first", "second", "argument", "variable"], ["", "#third", "third", "# keys", "x"])
            self.assertFalse([line for line in server.log if line["level"] == "warning"])
            arguments = open(f"/proc/{server.process.pid}/cmdline", "rb").read()
            self.assertNotIn(b"first", arguments)
            self.assertFalse([line for line in server.log for key in ["first", "variable"] if key in str(line)])

    def test_a_file_that_everyone_can_read_is_warned_of(self):
        with Server("--api-key-file", self.file(b"key\n", 0o644)) as server:
            self.assertTrue([line for line in server.log if line["level"] == "warning" and "chmod" in line["message"]])

    def test_a_new_key_opens_until_its_line_is_removed(self):
        made = apus("keys", "new", "--name", "alice", "--requests-per-minute", "3", timeout=30)
        key = next(line for line in made.stderr.splitlines() if line.startswith("apus_"))
        path = self.file(made.stdout.encode() + b"other\n")
        with Server("--api-key-file", path) as server:
            self.expect_keys(server, [key, "other"], [made.stdout.split()[1], "alice"])
            ask = lambda: server.post(
                "/v1/completions", {"prompt": "a", "max_tokens": 1}, {"Authorization": f"Bearer {key}"})
            self.assertEqual([ask().status for _ in range(4)], [200, 200, 200, 429])
            self.assertTrue(0 < int(ask().headers["Retry-After"]) <= 20)
            with open(path, "w") as file:
                file.write("alice nonsense\n")
            time.sleep(1.1)
            self.expect_keys(server, [key, "other"], [])
            wrong = [line for line in server.log if line["level"] == "error"]
            self.assertEqual(len(wrong), 1)
            self.assertIn("line 1", wrong[0]["error"])
            with open(path, "w") as file:
                file.write("other\n")
            time.sleep(1.1)
            self.expect_keys(server, ["other"], [key])

    def test_a_file_without_keys_or_no_file_is_an_error(self):
        for path in [self.file(b"# nothing\n\n"), temporary("absent")]:
            result = apus("serve", MODEL, "--listen", "127.0.0.1:0", "--api-key-file", path, timeout=30)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn(path, result.stderr)

    def test_a_key_that_no_client_can_send_is_refused_without_repeating_it(self):
        result = apus(
            "serve", MODEL, "--listen", "127.0.0.1:0", environment={"APUS_API_KEY": "sécret one"}, timeout=30)
        self.assertEqual(result.returncode, 64)
        self.assertNotIn("sécret", result.stderr)


class TestEndings(unittest.TestCase):
    def test_waiting_is_not_work(self):
        """The whole-answer limit does not count the time in the queue."""
        with Server("--answer-timeout", "3", "--parallel", "1") as server, concurrent.futures.ThreadPoolExecutor(4) as pool:
            busy = [pool.submit(server.post, COMPLETIONS, ENDLESS) for _ in range(2)]
            time.sleep(0.5)
            late = server.post(COMPLETIONS, {"prompt": "a", "max_tokens": 8, "ignore_eos": True})
            self.assertEqual(late.status, 200, late.text)
            self.assertEqual(late.json["usage"]["completion_tokens"], 8)
            self.assertEqual(late.json["choices"][0]["finish_reason"], "length")
            for answer in [one.result() for one in busy]:
                choice = answer.json["choices"][0]
                self.assertEqual(choice["finish_reason"], "deadline")
                self.assertTrue(choice["text"])

    def test_a_request_that_waits_too_long_is_told_so(self):
        with Server("--queue-timeout", "1", "--parallel", "1") as server, concurrent.futures.ThreadPoolExecutor(1) as pool:
            busy = pool.submit(server.post, COMPLETIONS, {**ENDLESS, "max_tokens": 3000})
            time.sleep(0.5)
            # A stream has not begun before its first token, so that it has a status of its own, too.
            for is_streamed in (False, True):
                late = server.post(COMPLETIONS, {"prompt": "a", "stream": is_streamed})
                self.assertEqual(late.status, 503)
                self.assertEqual(late.error["code"], "queue_timeout")
                self.assertIsNotNone(late.headers["Retry-After"])
            busy.result()

    def test_an_answer_cut_by_the_drain_says_so(self):
        with Server("--drain-timeout", "1", "--parallel", "2") as server, concurrent.futures.ThreadPoolExecutor(4) as pool:
            whole, stream = (pool.submit(server.post, COMPLETIONS, {**ENDLESS, "stream": each}) for each in (False, True))
            time.sleep(1)
            waiting = [pool.submit(server.post, COMPLETIONS, {**ENDLESS, "stream": each}) for each in (False, True)]
            time.sleep(0.5)
            code, seconds = server.stop()
            self.assertEqual(code, 0)
            self.assertLess(seconds, 6 * SLACK)
            self.assertEqual(whole.result().json["choices"][0]["finish_reason"], "shutdown")
            self.assertTrue(whole.result().content)
            self.assertEqual(stream.result().status, 200)
            self.assertIn('"finish_reason":"shutdown"', stream.result().text)
            self.assertIn('"code":"shutting_down"', stream.result().text)
            self.assertTrue(stream.result().text.endswith("data: [DONE]\n\n"))
            for one in waiting:
                self.assertEqual(one.result().status, 503)
                self.assertEqual(one.result().error["code"], "shutting_down")


class TestLogOfRequests(unittest.TestCase):
    def line(self, server, identifier):
        """The log line of the request of that name."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            for line in list(server.log):
                if line["message"] == "request" and line["id"] == identifier:
                    return line
            time.sleep(0.02)
        self.fail(f"no line for {identifier}")

    def expect_end(self, server, identifier, status, end):
        line = self.line(server, identifier)
        self.assertEqual((line["status"], line.get("end")), (status, end), line)

    def test_the_line_of_a_request_says_why_it_was_not_answered(self):
        with Server("--context", "512", "--api-key", "key") as server:
            def post(name, fields, key="key"):
                headers = {"X-Request-Id": name, "Authorization": f"Bearer {key}"}
                return server.post(COMPLETIONS, {"prompt": "a", "max_tokens": 1, **fields}, headers)

            post("good", {})
            post("long", {"prompt": [5] * 600})
            post("stranger", {}, key="x")
            post("wrong", {"n": -1})
            self.expect_end(server, "good", 200, None)
            self.expect_end(server, "long", 400, "context_length_exceeded")
            self.expect_end(server, "stranger", 401, "invalid_api_key")
            self.expect_end(server, "wrong", 400, "invalid_request_error")

    def test_a_client_that_leaves_is_told_from_one_that_was_answered(self):
        with Server() as server:
            for name, fields in [("whole", {}), ("stream", {"stream": True})]:
                body = json.dumps({**ENDLESS, **fields}).encode()
                with server.connect() as client:
                    client.sendall(
                        f"POST {COMPLETIONS} HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {name}\r\n"
                        f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                    time.sleep(1)
                self.expect_end(server, name, 499, "client_left")
            self.assertFalse([line for line in server.log if line["level"] == "error"])

    def test_limits_and_the_end_of_the_server_are_named(self):
        with Server("--answer-timeout", "1", "--drain-timeout", "1") as server:
            server.post(COMPLETIONS, ENDLESS, {"X-Request-Id": "whole"})
            self.expect_end(server, "whole", 200, "deadline")
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                stream = pool.submit(
                    server.post, COMPLETIONS, {**ENDLESS, "stream": True}, {"X-Request-Id": "stream"})
                time.sleep(1)
                server.stop()
                stream.result()
            self.expect_end(server, "stream", 200, "shutdown")

    def test_a_second_signal_says_how_many_answers_it_cuts(self):
        with Server() as server, concurrent.futures.ThreadPoolExecutor(2) as pool:
            for _ in range(2):
                pool.submit(server.post, COMPLETIONS, ENDLESS)
            time.sleep(1)
            server.process.terminate()
            time.sleep(0.5)
            server.process.terminate()
            self.assertEqual(server.process.wait(10), 1)
            end = time.monotonic() + 10
            while not (lines := [line for line in server.log if "cut_answers" in line]) and time.monotonic() < end:
                time.sleep(0.02)
            self.assertEqual([line["cut_answers"] for line in lines], [2])


class TestStart(unittest.TestCase):
    def test_one_address_that_is_taken_ends_the_start_and_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            for listen in [("127.0.0.1:0", address), (address, "127.0.0.1:0")]:
                options = [word for one in listen for word in ("--listen", one)]
                result = apus("serve", MODEL, *options, timeout=30)
                self.assertEqual(result.returncode, 1)
                self.assertIn(f"cannot listen on {address}: another program", result.stderr)

    def test_an_origin_that_no_page_can_have_is_refused(self):
        for origin in ["foo", "https://chat.example/"]:
            result = apus("serve", MODEL, "--allow-origin", origin, "--listen", "127.0.0.1:0", timeout=30)
            self.assertEqual(result.returncode, 64)
            self.assertIn("--allow-origin", result.stderr)


class TestOrderOfWork(unittest.TestCase):
    def test_many_large_prompts_leave_the_server_responsive(self):
        body = json.dumps({"prompt": ["word " * 60_000] * 26, "max_tokens": 1}).encode()
        ends = time.monotonic() + 6
        statuses = set()

        def attack(_):
            while time.monotonic() < ends:
                statuses.add(server.post(COMPLETIONS, body).status)

        with Server() as server, concurrent.futures.ThreadPoolExecutor(16) as pool:
            with HealthWatch(server) as health:
                list(pool.map(attack, range(16)))
            self.assertLessEqual(statuses, {400, 429})
            self.assertIn(400, statuses)
            self.assertLess(health.p99, HEALTH_LIMIT, f"{len(health.times)} samples")
            self.assertLess(server.memory(), 700 << 20)
            self.assertEqual(server.post(COMPLETIONS, {"prompt": "a", "max_tokens": 1}).status, 200)

    def hostile_model(self):
        template = (
            "{% set ns = namespace(s='ab' * 2000000) %}{% for i in range(99999) %}{% for j in range(99) %}"
            "{% if ns.s is lower %}{% endif %}{% endfor %}{% endfor %}{{ messages[0].content }}")
        return ModelFile(MODEL).set("tokenizer.chat_template", template).write(temporary("hostile.gguf"))

    def test_a_hostile_template_keeps_neither_health_nor_the_end(self):
        path = self.hostile_model()
        with Server("--drain-timeout", "2", model=path) as server:
            with concurrent.futures.ThreadPoolExecutor(3) as pool, HealthWatch(server) as health:
                chats = [pool.submit(self.try_chat, server) for _ in range(3)]
                time.sleep(4)
                self.assertEqual(server.post(COMPLETIONS, {"prompt": "a", "max_tokens": 1}, timeout=60).status, 200)
                for chat in chats:
                    chat.result()
            self.assertLess(health.p99, HEALTH_LIMIT, f"{len(health.times)} samples")
            code, seconds = server.stop()
            self.assertEqual(code, 0)
            self.assertLess(seconds, 8 * SLACK)
        os.unlink(path)

    @staticmethod
    def try_chat(server):
        with contextlib.suppress(OSError):
            answer = server.chat("a", max_tokens=1)
            assert answer.status in (400, 429, 500, 501, 503), answer.text

    def test_health_answers_while_bodies_wait(self):
        """Beyond the places of the queue a request is refused at once, and reading models never waits."""
        with Server("--queue", "1", "--parallel", "1") as server, concurrent.futures.ThreadPoolExecutor(2) as pool:
            busy = [pool.submit(server.post, COMPLETIONS, {**ENDLESS, "max_tokens": 2000}) for _ in range(2)]
            time.sleep(0.5)
            start = time.monotonic()
            answer = server.post(COMPLETIONS, json.dumps({"prompt": ["word " * 60_000] * 26}).encode())
            self.assertEqual(answer.status, 429)
            self.assertEqual(server.get("/v1/models").status, 200)
            self.assertLess(time.monotonic() - start, SLACK)
            for one in busy:
                one.result()
