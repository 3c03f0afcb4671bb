"""The two kinds of load: clients that all ask at once, and a long prompt beside streams."""

import threading

from serving.client import clock


def _together(tasks):
    """Runs all tasks, each on a thread of its own, and returns what they return."""
    results = [None] * len(tasks)

    def work(number):
        results[number] = tasks[number]()

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def crowd(server, prompts, clients, requests, tokens):
    """`clients` at once, each of which makes `requests` requests, one after the other."""

    def client(number):
        return [server.ask(prompts[number * requests + index], tokens) for index in range(requests)]

    return sum(_together([lambda number=number: client(number) for number in range(clients)]), [])


class Intrusion:
    """Streams that run undisturbed for `seconds`, then a long prompt beside them until its first token."""

    def __init__(self, server, prompts, long_prompts, streams, tokens, seconds):
        self._server, self._prompts, self._long = server, prompts, long_prompts
        self._streams, self._tokens, self._seconds = streams, tokens, seconds
        self._waiting = streams
        self._changed = threading.Condition()
        self._over = threading.Event()

    def run(self):
        """The streams, the long prompt beside them, one alone before them, and when all streams were running."""
        alone = self._server.ask(self._long[0], 1)
        tasks = [lambda number=number: self._stream(number) for number in range(self._streams)]
        *streams, (intruder, begin) = _together([*tasks, self._intrude])
        return streams, intruder, alone, begin

    def _stream(self, number):
        has_begun = False

        def arrive():
            nonlocal has_begun
            if not has_begun:
                has_begun = True
                self._arrive()

        answer = self._server.ask(self._prompts[number], self._tokens, arrive, lambda: not self._over.is_set())
        arrive()
        return answer

    def _arrive(self):
        with self._changed:
            self._waiting -= 1
            self._changed.notify_all()

    def _intrude(self):
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting == 0)
            begin = clock()
            self._over.wait(self._seconds)
            return self._server.ask(self._long[1], 1), begin
        finally:
            self._over.set()
