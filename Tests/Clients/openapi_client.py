"""Tries what /openapi.json says with schemathesis: requests made of the schemas, and of what is near them."""

import os
import subprocess
import sys
import tempfile

from harness import Server, check, run

# No failure of the server, and what it answers is what the description says: status, type and schema.
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
SECONDS = 60


def main(apus, model):
    # Short answers: what is generated here asks for as many tokens as it likes.
    with Server(apus, model, "--instance-price", "0.17", "--answer-timeout", "1", "--queue", "64", "--threads", "2") as server:
        program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
        command = [
            program, "run", server.url + "/openapi.json", "--checks", CHECKS, "--mode", "all", "--max-examples", "20",
            "--phases", "coverage,fuzzing", "--generation-database", "none", "--seed", "1", "--request-timeout", "20",
            "--workers", "2", "--suppress-health-check", "all", "--no-color",
            # A key is tested elsewhere: this server has none, so that what is sent as one says nothing.
            "--exclude-checks", "ignored_auth",
        ]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "output")
            with open(path, "w") as output:
                process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
                try:
                    code = process.wait(timeout=SECONDS)
                except subprocess.TimeoutExpired:
                    # What it has found by then counts.
                    process.send_signal(2)
                    try:
                        process.wait(timeout=15)
                    except subprocess.TimeoutExpired:
                        process.kill()
                    code = None
            with open(path) as output:
                text = output.read()
        found = [line for line in text.splitlines() if line.strip().startswith("- ")]
        check("the server answers as /openapi.json says", code in (0, None) and "FAILURES" not in text, text[-6000:])
        check("schemathesis ran", "API" in text and "error" not in text.lower().split("\n")[0], text[:2000])
        check("the server is still there", server.process.poll() is None, "\n".join(found))


run(main, __doc__)
