"""The tutorial's changes, applied to a copy of the repository and tried there as it says."""

import json
import re
import shutil
import subprocess
from pathlib import Path

from tests.docs.pages import Block, blocks
from tests.docs.reader import Reader
from tests.support.emulator import ROOT

PAGE = ROOT / "docs" / "tutorial.md"
# What a copy shares with the repository, and what it does without.
SHARED = {".venv", "node_modules"}
LEFT_OUT = {".git", ".build", ".serverless", "data"}
CHANGED = re.compile(r"^\+\+\+ b/(\S+)$", re.MULTILINE)


def copy(folder: Path) -> Path:
    """Return a copy of the repository in a folder."""
    folder.mkdir()
    ignored = shutil.ignore_patterns("__pycache__", "node_modules")
    for each in ROOT.iterdir():
        if each.name in SHARED:
            (folder / each.name).symlink_to(each)
        elif each.is_dir() and each.name not in LEFT_OUT and not each.name.endswith("_cache"):
            shutil.copytree(each, folder / each.name, ignore=ignored)
        elif each.is_file():
            shutil.copy(each, folder)
    return folder


def apply(block: Block, repository: Path) -> None:
    """Apply a block of changes, as a reader does by git."""
    done = subprocess.run(
        ["git", "apply", "-"],
        cwd=repository,
        input=block.text,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, f"{block.place}: {done.stderr}"


def test_the_tutorial_runs_as_it_is_written(tmp_path: Path) -> None:
    repository = copy(tmp_path / "repository")
    with Reader(tmp_path, activated=True, repository=repository) as reader:
        reader.folder = repository
        for block in blocks(PAGE):
            if block.kind == "diff":
                apply(block, repository)
            else:
                assert block.kind == "sh", block.place
                reader.paste(block)

    _stored, listed, roles = [text for command, text in reader.shown if command.startswith("curl")]
    assert json.loads(listed)["incidents"][0]["people"] == 3
    assert "manage_webhooks" in json.loads(roles)["autoridad"]
    passed = [re.findall(r"(\d+) passed", text) for _, text in reader.shown if " passed" in text]
    assert len(passed) == 2


def test_a_route_touches_three_files_of_the_product() -> None:
    changed = {
        path
        for block in blocks(PAGE)
        if block.heading == "A route" and block.kind == "diff"
        for path in CHANGED.findall(block.text)
        if not path.startswith(("docs/", "tests/"))
    }

    assert changed == {
        "alerta_utec/handlers/routes.py",
        "alerta_utec/handlers/service_info.py",
        "serverless.yml",
    }
