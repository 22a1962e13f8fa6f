"""The command line of an installation of the client alone, without pyproject's [server]."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.emulator import ROOT
from tests.support.server import Server, server_environment

# Libraries that a client is installed without, and that of the server's store.
NOT_AT_START = {"apprise", "boto3", "cryptography", "greenlet", "jwt", "sqlite3", "uvloop", "yaml"}
MISSING = ("apprise", "aws_lambda_powertools", "boto3", "jwt", "uvloop")


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    """The environment of a process that cannot import the server's libraries."""
    for name in MISSING:
        missing = f"No module named '{name}'"
        (tmp_path / f"{name}.py").write_text(
            f'raise ModuleNotFoundError("{missing}", name="{name}")'
        )
    return server_environment() | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}


def alerta_utec(
    environment: Mapping[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "alerta_utec", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("command", "name"),
    [(("serve", "--ephemeral", "--port", "0"), "uvloop"), (("token", "--role", "personal"), "jwt")],
    ids=["serve", "token"],
)
def test_a_command_of_the_server_says_what_to_install(
    environment: Mapping[str, str], command: tuple[str, ...], name: str
) -> None:
    done = alerta_utec({**environment, "ALERTA_AUTH_SECRET": "s" * 32}, *command)

    assert (done.returncode, done.stdout) == (1, "")
    assert f"falta {name}" in done.stderr
    assert "pip install 'alerta-utec-realtime[server]'" in done.stderr


def test_the_commands_of_a_client_work(environment: Mapping[str, str], server: Server) -> None:
    fields = ("--type", "humo", "--location", "Sótano", "--urgency", "alta")

    reported = alerta_utec(environment, "notify", "--url", server.ws_url, *fields)
    listed = alerta_utec(environment, "incidents", "--url", server.http_url, "--limit", "500")

    assert (reported.returncode, listed.returncode) == (0, 0)
    assert "Sótano" in listed.stdout


def test_the_command_line_imports_no_library_of_the_server_at_its_start() -> None:
    code = "import sys, alerta_utec.cli; print(*sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=server_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert "alerta_utec.cli" in done.stdout.split()
    assert not NOT_AT_START & set(done.stdout.split())
