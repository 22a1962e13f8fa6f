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


def start(name: str, values: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Import a function's module with its variables alone; those without a value are empty."""
    function = SERVICE["functions"][name]
    variables = [*COMMON, *function.get("environment", {})]
    environment = {variable: values.get(variable, "") for variable in (*variables, *OF_LAMBDA)}
    module = function["handler"].removesuffix(".handler").replace("/", ".")
    return subprocess.run(
        [sys.executable, "-c", f"import {module}; {module}.handler"],
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
