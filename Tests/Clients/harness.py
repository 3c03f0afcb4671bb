"""What the scripts of all clients share: checks that print a line each, and a server on a free port."""

import os
import re
import signal
import subprocess
import sys
import threading
import time

FAILURES = []


def check(name, condition, detail=""):
    print(("ok    " if condition else "FAIL  ") + name + (f": {detail}" if detail and not condition else ""))
    if not condition:
        FAILURES.append(name)


def raised(kind, call):
    """The error of that kind that a call ends with; None where it ends without."""
    try:
        call()
    except kind as error:
        return error
    return None


def until(condition, seconds=10):
    """Looks again until `condition()` holds or the time is over; gives whether it holds."""
    end = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < end:
        time.sleep(0.1)
    return holds


class Server:
    """One `apus serve ARGUMENTS` process that keeps nothing unless told where; its log lines are in `lines`.

    It computes each answer, unless `cache` says otherwise: what answers have in common is to be seen.

    A context manager.
    """

    def __init__(self, apus, *arguments, listen="127.0.0.1:0", store="none", cache="off"):
        command = [apus, "serve", *arguments, "--listen", listen, "--store", store, "--cache", cache]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.lines = []
        self.url = self._wait_until_ready()
        threading.Thread(target=self._keep_reading, daemon=True).start()

    def _wait_until_ready(self):
        for line in self.process.stderr:
            self.lines.append(line)
            found = re.search(r"listening on (https?://[^\s\"]+)", line)
            if found:
                return found.group(1)
        raise SystemExit("the server did not start:\n" + "".join(self.lines))

    def _keep_reading(self):
        for line in self.process.stderr:
            self.lines.append(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Sends SIGTERM and gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


def run(main, usage, numbers=0):
    """Calls `main(apus, model)` with the script's arguments, and exits with 0 if all checks hold.

    Up to so many numbers may follow these two on the command line, and are given to `main`.
    """
    arguments = sys.argv[1:]
    counts = arguments[2:]
    if len(arguments) < 2 or len(counts) > numbers or not all(word.isdigit() for word in counts) \
            or not os.access(arguments[0], os.X_OK):
        raise SystemExit(usage)
    main(*arguments[:2], *map(int, counts))
    print(f"{len(FAILURES)} failed")
    sys.exit(1 if FAILURES else 0)
