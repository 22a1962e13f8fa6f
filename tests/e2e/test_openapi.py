"""Valid and invalid requests made from ``/openapi.json``, against the real server."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ServeFactory
from tests.support.sign_in import WITH_SECRET, token

# What a defect would break. Not among them: that everything is taken which the schemas allow
# (they do not say all that a filter or a line of text may be), and 405, which API Gateway has not.
CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_schema_conformance", "response_headers_conformance", "ignored_auth"),
)
CASES, TIME_S = 20, 20


def test_every_response_is_described_by_the_openapi_document(
    serve: ServeFactory, tmp_path: Path
) -> None:
    # A server of its own: its webhooks would get other tests' incidents.
    server = serve(environment=WITH_SECRET)
    authorization = f"Authorization: Bearer {token('autoridad', sub='inspectora')}"

    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "run"),
            *(f"{server.http_url}/openapi.json", "--checks", ",".join(CHECKS)),
            *("--max-examples", str(CASES), "--max-time", str(TIME_S), "--seed", "1"),
            *("--header", authorization, "--no-color"),
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Tested: 21" in done.stdout
