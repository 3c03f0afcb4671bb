"""Tries what /openapi.json says with schemathesis: requests made of its schemas, and of what is near them."""

import os
import subprocess
import sys
import tempfile

from harness import Server, check, run

# No failure of the server, and what it answers is what the description says: status, type and schema.
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# More than all of them take on slow cores.
SECONDS = 600


def main(apus, model):
    folder = tempfile.TemporaryDirectory()
    store, files = os.path.join(folder.name, "store.sqlite"), os.path.join(folder.name, "files")
    # What is generated here asks for as many tokens as it likes: a short context ends every answer soon.
    with folder, Server(apus, model, "--instance-price", "0.17", "--context", "256", "--files", files, store=store) as server:
        program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
        command = [
            program, "run", server.url + "/openapi.json", "--checks", CHECKS, "--phases", "coverage,fuzzing",
            "--max-examples", "10", "--request-timeout", "20",
            "--generation-database", "none", "--seed", "1", "--suppress-health-check", "all", "--no-color",
        ]
        try:
            tried = subprocess.run(
                command, cwd=folder.name, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            check(f"all is tried within {SECONDS} s", False, (error.stdout or b"")[-8000:].decode(errors="replace"))
        else:
            said = tried.stdout[-8000:] + tried.stderr[-2000:]
            check("the server answers as /openapi.json says", tried.returncode == 0, said)
            check("requests were sent", "passed" in tried.stdout, tried.stdout[:2000])
        check("the server is still there", server.process.poll() is None)


run(main, __doc__)
