"""Tries what /openapi.json says with schemathesis: requests made of its schemas, and of what is near them."""

import os
import subprocess
import sys
import tempfile

from harness import Server, check, run

# No failure of the server, and what it answers is what the description says: status, type and schema.
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
SECONDS = 60


def main(apus, model):
    folder = tempfile.TemporaryDirectory()
    store = os.path.join(folder.name, "store.sqlite")
    # What is generated here asks for as many tokens as it likes: a short context ends every answer soon.
    with folder, Server(apus, model, "--instance-price", "0.17", "--context", "256", store=store) as server:
        program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
        command = [
            program, "run", server.url + "/openapi.json", "--checks", CHECKS, "--phases", "coverage,fuzzing",
            "--max-examples", "20", "--max-time", str(SECONDS), "--request-timeout", "20",
            "--generation-database", "none", "--seed", "1", "--suppress-health-check", "all", "--no-color",
        ]
        tried = subprocess.run(
            command, cwd=folder.name, capture_output=True, text=True, timeout=2 * SECONDS + 60, check=False)
        check("the server answers as /openapi.json says", tried.returncode == 0, tried.stdout[-8000:] + tried.stderr[-2000:])
        check("requests were sent", "passed" in tried.stdout, tried.stdout[:2000])
        check("the server is still there", server.process.poll() is None)


run(main, __doc__)
