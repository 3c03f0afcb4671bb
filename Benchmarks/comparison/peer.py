"""Fetches llama.cpp and builds its benchmarks, outside of the repository."""

import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

# The Python package whose source distribution carries llama.cpp's; a new version is a new build.
PACKAGE = "llama-cpp-python"
VERSION = "0.3.36"
TARGETS = ["llama-bench", "llama-batched-bench"]


def cache_folder():
    """Where builds and models of this user lie."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base) / "apus"


def llama_bench(folder):
    """The path of a `llama-bench`; it is built in `folder` the first time."""
    source = folder / f"{PACKAGE.replace('-', '_')}-{VERSION}" / "vendor" / "llama.cpp"
    build = folder / f"llama.cpp-{VERSION}"
    program = build / "bin" / TARGETS[0]
    if all(os.access(program.with_name(name), os.X_OK) for name in TARGETS):
        return program
    if not shutil.which("cmake"):
        raise SystemExit("compare: llama.cpp needs CMake: install it, or give a built llama-bench with --llama")
    folder.mkdir(parents=True, exist_ok=True)
    if not (source / "CMakeLists.txt").exists():
        _fetch(folder)
    _say(f"building llama.cpp in {build}: this takes some minutes")
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DGGML_NATIVE=ON", "-DLLAMA_OPENSSL=OFF", "-DLLAMA_BUILD_SERVER=OFF"]
    options += ["-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_EXAMPLES=OFF"]
    _call(["cmake", "-S", source, "-B", build, *options])
    _call(["cmake", "--build", build, "--parallel", str(os.cpu_count() or 1), "--target", *TARGETS])
    return program


def _fetch(folder):
    """Gets the source distribution from wherever this machine's pip gets packages, and unpacks it."""
    _say(f"fetching the source of {PACKAGE} {VERSION}")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", PACKAGE]
    command += ["--disable-pip-version-check", "--quiet", "--dest", folder, f"{PACKAGE}=={VERSION}"]
    # pip asks the package for its metadata, and that would build a ninja where none is installed.
    _call(command, {"CMAKE_GENERATOR": "Unix Makefiles"})
    archives = list(folder.glob(f"{PACKAGE.replace('-', '?')}-{VERSION}.tar.gz"))
    if not archives:
        raise SystemExit(f"compare: pip left no {PACKAGE}-{VERSION}.tar.gz in {folder}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    archives[0].unlink()


def _call(command, environment=None):
    """Runs a command, whose output goes to standard error, or ends with what it was."""
    command = [str(part) for part in command]
    if subprocess.run(command, stdout=sys.stderr, env={**os.environ, **(environment or {})}).returncode != 0:
        raise SystemExit(f"compare: this failed: {' '.join(command)}")


def _say(text):
    print(text, file=sys.stderr)
