"""The framework of another name or version, as a user may have it installed as ``sls``."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.deployment import checkout
from tests.support.emulator import clean_environment

SERVERLESS_3 = Path(__file__).parent / "node_modules" / ".bin" / "serverless"


@pytest.mark.parametrize("command", ["package", "deploy", "info"])
def test_serverless_3_ends_with_one_line_that_names_osls(tmp_path: Path, command: str) -> None:
    folder = checkout(tmp_path / "checkout")

    done = subprocess.run(
        [SERVERLESS_3, command],
        cwd=folder,
        env=clean_environment() | {"CI": "1", "HOME": str(tmp_path), "NODE_NO_WARNINGS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 1
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith('Este "sls" es serverless 3.40.0; el servicio se despliega con osls 4')
    assert 'This "sls" is serverless 3.40.0; the service is deployed with osls 4' in last
    assert last.count("npm install --global osls@4") == 2
    assert not os.path.lexists(folder / ".serverless")
