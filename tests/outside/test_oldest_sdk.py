"""AWS's SDK in its oldest version: Lambda brings one of its own, which is not pinned."""

import os
import re
import subprocess
import sys

import pytest

from tests.support.emulator import ROOT, clean_environment

SDK = ROOT / ".build" / "oldest-sdk"
# They call every operation of the tables, queues and topics that the Lambdas call.
SUITES = ("connections", "incidents_commit", "incidents_reads", "shard_queue", "mailer")
USED = "dynamodb or sqs or sns"


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    ours = {"PYTHONPATH": os.fspath(SDK), "PYTHONWARNINGS": "ignore"}
    return clean_environment() | ours


def test_the_pinned_sdk_is_the_one_that_is_loaded(environment: dict[str, str]) -> None:
    pinned = re.search(r"^botocore==(\S+)", (ROOT / "tests/outside/sdk.in").read_text(), re.M)

    code = "import botocore; print(botocore.__version__)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    assert pinned is not None
    assert done.stdout.strip() == pinned[1]


def test_the_adapters_keep_their_contracts_with_it(environment: dict[str, str]) -> None:
    files = [f"tests/contract/test_{name}.py" for name in SUITES]
    options = ["-q", "-p", "no:cacheprovider", "-W", "ignore::DeprecationWarning", "-k", USED]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *files],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert re.search(r"\b\d{2,} passed", done.stdout)
