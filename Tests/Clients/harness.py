"""What the scripts of all clients share: checks that print a line each, and a server on a free port."""

import os
import re
import signal
import subprocess
import sys
import threading

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


class Server:
    """One `apus serve ARGUMENTS` process that keeps nothing unless told where; its log lines are in `lines`. A context manager."""

    def __init__(self, apus, *arguments, store="none"):
        command = [apus, "serve", *arguments, "--listen", "127.0.0.1:0", "--store", store]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.lines = []
        self.url = self._wait_until_ready()
        threading.Thread(target=self._keep_reading, daemon=True).start()

    def _wait_until_ready(self):
        for line in self.process.stderr:
            self.lines.append(line)
            found = re.search(r"listening on (http://[^\s\"]+)", line)
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


def run(main, usage):
    """Calls `main(apus, model)` with the script's arguments, and exits with 0 if all checks hold."""
    if len(sys.argv) != 3 or not os.access(sys.argv[1], os.X_OK):
        raise SystemExit(usage)
    main(sys.argv[1], sys.argv[2])
    print(f"{len(FAILURES)} failed")
    sys.exit(1 if FAILURES else 0)
