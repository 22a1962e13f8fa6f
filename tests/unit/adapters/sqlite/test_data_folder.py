"""The data folder's lock."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from alerta_utec.adapters.sqlite.data_folder import DataFolder
from alerta_utec.adapters.sqlite.errors import DataRefused

HOLDER = """
import sys
from pathlib import Path
from alerta_utec.adapters.sqlite.data_folder import DataFolder
folder = DataFolder.open(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.read()
"""
ROOT = Path(__file__).parents[4]


def _holder(path: Path) -> "subprocess.Popen[str]":
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def test_a_new_folder_is_private_to_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "data"

    with DataFolder.open(path) as folder:
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert folder.database == path / "alerta.db"
        assert folder.maildir == path / "mail"
        assert (path / "lock").read_text() == f"{os.getpid()}\n"


def modes_below(path: Path) -> dict[str, int]:
    return {
        file.relative_to(path).as_posix(): stat.S_IMODE(file.stat().st_mode)
        for file in (path, *path.rglob("*"))
    }


def test_a_folder_that_others_could_read_becomes_private(tmp_path: Path) -> None:
    path = tmp_path / "data"
    (path / "mail" / "new").mkdir(parents=True)
    for name in ("alerta.db", "alerta.db-wal", "mail/new/1"):
        (path / name).touch()
    outside = tmp_path / "outside"
    outside.touch()
    (path / "link").symlink_to(outside)
    for file in (path, *path.rglob("*"), outside):
        file.chmod(0o755 if file.is_dir() else 0o644)

    DataFolder.open(path).close()

    modes = modes_below(path)
    del modes["link"]
    assert {name for name, mode in modes.items() if mode == 0o700} == {".", "mail", "mail/new"}
    assert set(modes.values()) == {0o700, 0o600}
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644


def test_a_second_lock_in_the_same_process_is_refused(tmp_path: Path) -> None:
    with (
        DataFolder.open(tmp_path),
        pytest.raises(DataRefused, match=f"proceso {os.getpid()}"),
    ):
        DataFolder.open(tmp_path)


def test_a_closed_folder_can_be_opened_again(tmp_path: Path) -> None:
    DataFolder.open(tmp_path).close()

    DataFolder.open(tmp_path).close()


def test_the_refusal_names_the_process_that_holds_the_lock(tmp_path: Path) -> None:
    with _holder(tmp_path) as child:
        with pytest.raises(DataRefused, match=f"proceso {child.pid}"):
            DataFolder.open(tmp_path)
        child.communicate("")

    with DataFolder.open(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_the_lock_names_its_holder_and_no_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("4294967295 y más\n")

    with DataFolder.open(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_killed_process_leaves_the_folder_free(tmp_path: Path) -> None:
    with _holder(tmp_path) as child:
        child.send_signal(signal.SIGKILL)
        child.wait(10)

    DataFolder.open(tmp_path).close()


@pytest.mark.parametrize("name", ["file", "file/data"])
def test_a_folder_that_cannot_be_created_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(DataRefused, match="No se puede usar la carpeta"):
        DataFolder.open(tmp_path / name)
