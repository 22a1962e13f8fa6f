"""The plugin refuses every framework but osls 4, before it does anything."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.emulator import ROOT

DRIVER = """
const Plugin = require('./deploy/plugin');
const serverless = JSON.parse(process.argv[1]);
serverless.classes = { Error: class extends Error {} };
serverless.getProvider = () => ({});
new Plugin(serverless, {});
"""


def load(framework: dict[str, object]) -> "subprocess.CompletedProcess[str]":
    """Load the plugin as this framework does."""
    return subprocess.run(
        ["node", "-e", DRIVER, json.dumps(framework)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def installed(folder: Path, name: str) -> str:
    """Return the path that a framework of this name states as its own."""
    (folder / "lib").mkdir()
    (folder / "package.json").write_text(json.dumps({"name": name}))
    return str(folder / "lib")


@pytest.mark.parametrize(
    ("name", "version"), [("serverless", "3.40.0"), ("osls", "3.61.0"), ("osls", "5.0.0")]
)
def test_another_framework_is_refused_by_name(tmp_path: Path, name: str, version: str) -> None:
    path = installed(tmp_path, name)

    done = load({"version": version, "config": {"serverlessPath": path}})

    assert done.returncode != 0
    assert f'Este "sls" es {name} {version};' in done.stderr
    assert f'This "sls" is {name} {version};' in done.stderr


@pytest.mark.parametrize("config", [{}, {"serverlessPath": "/nowhere/at/all"}], ids=str)
def test_a_framework_that_is_one_file_is_refused(config: dict[str, str]) -> None:
    done = load({"version": "4.17.1", "config": config})

    assert done.returncode != 0
    assert 'Este "sls" es serverless 4.17.1;' in done.stderr


def test_osls_4_is_accepted(tmp_path: Path) -> None:
    done = load({"version": "4.3.1", "config": {"serverlessPath": installed(tmp_path, "osls")}})

    assert done.returncode == 0, done.stderr
