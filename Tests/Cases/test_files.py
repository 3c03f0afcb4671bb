"""Files and machines as people have them: limits on memory and threads, damaged models, texts however stored."""

import os
import resource
import unittest

from program import MODEL, Server, apus

MESSAGES = '[{"role": "user", "content": "x"}]'


def address_space(kilobytes):
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (kilobytes << 10, kilobytes << 10))


def processes(count):
    """A limit on processes and threads; it does not bind root, and counts all processes of a user."""
    if os.getuid() != 0:
        raise unittest.SkipTest("needs a user of its own, which only root can take")

    def limit():
        os.setgroups([])
        os.setgid(54321)
        os.setuid(54321)
        resource.setrlimit(resource.RLIMIT_NPROC, (count, count))

    return limit


class Limits(unittest.TestCase):
    commands = [
        ["inspect", MODEL], ["tokenize", MODEL, "hello"], ["doctor"], ["check", MODEL], ["template", MODEL],
    ]

    def assert_works_or_says_why(self, result):
        if result.returncode != 0:
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertRegex(result.stderr, r"\AError: [^\n]+\n\Z")

    def test_commands_take_no_address_space_but_their_own(self):
        for command in self.commands:
            with self.subTest(command=command[0]):
                result = apus(*command, stdin=MESSAGES, timeout=60, limits=address_space(244140))
                self.assertEqual(result.returncode, 0, result.stderr)

    def test_little_address_space_is_told(self):
        for kilobytes in 150_000, 200_000, 300_000, 400_000, 600_000:
            for command in ["run", MODEL, "hi", "-n", "2"], ["check", MODEL], ["run", MODEL, "hi", "-n", "2", "--blas"]:
                with self.subTest(command=command[0], kilobytes=kilobytes):
                    self.assert_works_or_says_why(apus(*command, timeout=60, limits=address_space(kilobytes)))

    def test_few_threads_are_enough_or_told(self):
        run = ["run", MODEL, "hi", "-n", "2"]
        for count in 1, 2, 3, 4, 6:
            limit = processes(count)
            for command in [*self.commands, run, [*run, "--blas"]]:
                with self.subTest(command=command[0], count=count):
                    self.assert_works_or_says_why(apus(*command, stdin=MESSAGES, timeout=60, limits=limit))

    def test_a_server_without_threads_says_so(self):
        for count in 1, 3, 6, 8:
            with self.subTest(count=count):
                result = apus("serve", MODEL, "--listen", "127.0.0.1:0", timeout=60, limits=processes(count))
                self.assertEqual(result.returncode, 1)
                self.assertIn("threads", result.stderr)

    def test_only_the_option_brings_openblas(self):
        with Server("--threads", "1") as server:
            self.assertEqual(server.chat("hi", max_tokens=1).status, 200)
            with open(f"/proc/{server.process.pid}/maps") as maps:
                self.assertNotIn("openblas", maps.read())
        with Server("--threads", "1", "--blas") as server:
            with open(f"/proc/{server.process.pid}/maps") as maps:
                self.assertIn("openblas", maps.read())
