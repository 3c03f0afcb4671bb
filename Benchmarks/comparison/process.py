"""Runs a program to its end and says what it took."""

import dataclasses
import os
import subprocess
import tempfile
import time


class Failed(Exception):
    """A program that ended with an error, or whose output cannot be read."""


@dataclasses.dataclass(frozen=True)
class Run:
    output: str
    seconds: float
    # The most memory that it had at once, mapped files included.
    peak_bytes: int
    # Pages that had to come from disk: more than a few hundred spoil a figure.
    major_faults: int


def run(command, environment=None, timeout=3600):
    """Runs `command` with `environment` added to this one's."""
    command = [str(part) for part in command]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.monotonic()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, env={**os.environ, **(environment or {})}
        )
        status, usage = _wait(process, start + timeout)
        seconds = time.monotonic() - start
        output.seek(0)
        errors.seek(0)
        text = output.read().decode(errors="replace")
        if status != 0:
            last = errors.read().decode(errors="replace").strip().splitlines()[-3:]
            raise Failed(f"{' '.join(command)}: ended with {status}: {' / '.join(last)}")
    # Linux counts kilobytes, macOS bytes.
    unit = 1 if os.uname().sysname == "Darwin" else 1024
    return Run(text, seconds, usage.ru_maxrss * unit, usage.ru_majflt)


def _wait(process, deadline):
    """Waits for one child and gets its own usage, not that of all children."""
    try:
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                process.returncode = os.waitstatus_to_exitcode(status)
                return process.returncode, usage
            if time.monotonic() > deadline:
                raise Failed(f"{process.args[0]}: took too long")
            time.sleep(0.002)
    except BaseException:
        if process.returncode is None:
            process.kill()
            process.wait()
        raise


def read_through(path):
    """Reads a file, so that it lies in the page cache when a program maps it."""
    with open(path, "rb", buffering=0) as file:
        piece = bytearray(16 << 20)
        while file.readinto(piece):
            pass
