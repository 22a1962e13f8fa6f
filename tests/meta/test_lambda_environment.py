"""Each Lambda starts with the variables that serverless.yml gives to its function, and no more."""

import os
import subprocess
import sys
from typing import Any

import pytest
import yaml

from benchmarks.cold_start import SETTINGS
from tests.support.emulator import ROOT

# Values of the variables that differ from those of a deployment without sign-in.
SIGNED_IN = {
    "AUTH": "jwt",
    "AUTH_JWKS_URL": "https://ingreso.example.edu/jwks.json",
    "AUTH_ROLE_CLAIM": "role",
}
# Lambda's own runtime sets these.
OF_LAMBDA = ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
SERVICE: dict[str, Any] = yaml.safe_load((ROOT / "serverless.yml").read_text())
COMMON = SERVICE["provider"]["environment"]


def start(name: str, values: dict[str, str], then: str = "") -> "subprocess.CompletedProcess[str]":
    """Import a function's module with its variables alone; those without a value are empty.

    ``then``: code to run after that, with the module as ``module``.
    """
    function = SERVICE["functions"][name]
    variables = [*COMMON, *function.get("environment", {})]
    environment = {variable: values.get(variable, "") for variable in (*variables, *OF_LAMBDA)}
    module = function["handler"].removesuffix(".handler").replace("/", ".")
    return subprocess.run(
        [sys.executable, "-c", f"import {module} as module; module.handler\n{then}"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | environment | {"POWERTOOLS_LOG_LEVEL": "INFO"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("sign_in", [{}, SIGNED_IN], ids=["open", "signed-in"])
@pytest.mark.parametrize("name", sorted(SERVICE["functions"]))
def test_a_lambda_starts_with_the_variables_of_its_function(
    name: str, sign_in: dict[str, str]
) -> None:
    done = start(name, SETTINGS | sign_in)

    assert done.returncode == 0, done.stderr


def test_the_schedule_that_keeps_notify_loaded_makes_it_do_nothing() -> None:
    # Any call would fail: there is no AWS at the address of port 9.
    then = """
from types import SimpleNamespace
names = ("function_name", "memory_limit_in_mb", "invoked_function_arn", "aws_request_id")
context = SimpleNamespace(**dict.fromkeys(names, "1"))
event = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
print(module.handler(event, context))
"""

    done = start("notify", SETTINGS | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, then)

    assert (done.returncode, done.stdout) == (0, "{}\n"), done.stderr
