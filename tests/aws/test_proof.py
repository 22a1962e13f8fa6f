"""``make aws-proof`` on the emulated AWS, with small numbers."""

import subprocess
import sys
from pathlib import Path

from benchmarks.aws_proof.report import Findings, markdown, redacted
from tests.support.deployment import Deployment, checkout, framework_settings
from tests.support.emulator import ROOT, clean_environment

# More than one Lambda posts to by itself, so that the fan-out takes part.
SOCKETS = 260


def test_the_proof_deploys_tries_out_and_removes_a_stage(
    deployment: Deployment, tmp_path: Path
) -> None:
    emulator, folder, report = deployment.emulator, tmp_path / "checkout", tmp_path / "report.md"
    management = f"{emulator.endpoint_url}/_aws/execute-api/${{WebsocketsApi}}/proof"

    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.aws_proof", "--folder", str(checkout(folder))),
            *(
                "--sockets",
                str(SOCKETS),
                "--rounds",
                "2",
                "--stopped",
                "2",
                "--report",
                str(report),
            ),
            *("--param", "packageTarget=host", "--param", f"managementEndpoint={management}"),
            *("--tests", "tests/conformance/test_connect.py"),
        ],
        cwd=ROOT,
        env=clean_environment() | emulator.environment | framework_settings(folder),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr + report.read_text()
    written = report.read_text()
    assert "passed" in written
    assert f"{SOCKETS} of {SOCKETS} clients received the incident" in written
    assert "| last client |" in written
    assert written.endswith("## Problems\n\nNone.\n")
    stacks = deployment.client("cloudformation").list_stacks()["StackSummaries"]
    left = {one["StackName"]: one["StackStatus"] for one in stacks}
    assert left.get("alerta-utec-realtime-proof", "DELETE_COMPLETE") == "DELETE_COMPLETE"


def test_a_report_names_nothing_of_the_account() -> None:
    secret = "arn:aws:lambda:us-east-1:123456789012:function:x failed at 203.0.113.7, a1b2c3d4e5"
    findings = Findings(problems=[f"{secret}.execute-api.us-east-1.amazonaws.com"])

    written = markdown(findings)

    for part in ("123456789012", "203.0.113.7", "a1b2c3d4e5", "function:x"):
        assert part not in written
    assert redacted("12 of 260 clients in 1.5 s") == "12 of 260 clients in 1.5 s"
