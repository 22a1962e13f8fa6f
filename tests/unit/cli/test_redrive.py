"""``alerta-utec redrive`` up to its first request to AWS; tests/faults/aws has the rest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.emulator import ROOT, clean_environment
from tests.unit.cli.running import run


def redrive(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process that finds no configuration of AWS."""
    nothing = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONIOENCODING": "utf-8",
    }
    return subprocess.run(
        [sys.executable, "-m", "alerta_utec", "redrive", *arguments],
        cwd=ROOT,
        env=clean_environment() | nothing | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--to-seq", "3"), "--to-seq necesita un --from-seq"),
        (("--from-seq", "4", "--to-seq", "3"), "--to-seq necesita un --from-seq"),
        (("--queue", "http://q", "--from-seq", "4"), "no van juntos"),
        (("--channel", "fax"), "debe ser broadcast, email, webhooks, both, all"),
        (("--from-seq", "0"), "un número entero de 1 a"),
    ],
)
def test_contradictory_options_are_refused_before_a_request_to_aws(
    arguments: tuple[str, ...], message: str
) -> None:
    result = run("redrive", *arguments)

    assert result.exit_code == 2
    assert message in result.output


def test_redrive_without_credentials_says_how_to_give_some() -> None:
    done = redrive("--dry-run")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: AWS no acepta las credenciales (NoCredentialsError). "
        "¿aws configure, o AWS_PROFILE?\n"
    )


def test_redrive_without_the_sdk_says_how_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "botocore.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'botocore'\", name='botocore')\n"
    )

    done = redrive(PYTHONPATH=str(tmp_path))

    assert (done.returncode, done.stdout) == (1, "")
    assert "falta boto3" in done.stderr
    assert "pip install boto3" in done.stderr
    assert "Traceback" not in done.stderr
