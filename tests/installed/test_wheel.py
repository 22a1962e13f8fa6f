"""The wheel with the compiled fan-out, and the wheel of a machine without a C compiler."""

import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

from tests.installed.environments import Environment, InstalledServer, build_wheel
from tests.support.emulator import ROOT

EXTENSION = f"alerta_utec/gateway/_fanout{sysconfig.get_config_var('EXT_SUFFIX')}"


def names(wheel: Path) -> set[str]:
    """The names of the files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_a_compiler_makes_a_wheel_for_this_platform(wheel: Path) -> None:
    assert EXTENSION in names(wheel)
    assert "-py3-none-any" not in wheel.name
    assert f"-{sys.implementation.cache_tag.replace('cpython-', 'cp')}-" in wheel.name


def test_no_compiler_makes_a_wheel_of_python_for_every_platform(
    wheel: Path, pure_wheel: Path
) -> None:
    assert pure_wheel.name.endswith("-py3-none-any.whl")
    assert {name for name in names(wheel) if ".dist-info/" not in name} - names(pure_wheel) == {
        EXTENSION
    }


def test_the_installed_server_sends_by_the_compiled_module(
    installed_server: InstalledServer,
) -> None:
    assert "fan_out=compiled" in installed_server.output


def test_the_wheel_without_a_compiled_module_sends_in_python(
    with_server: Environment, pure_wheel: Path, tmp_path: Path
) -> None:
    pure = tmp_path / "pure"
    shutil.unpack_archive(pure_wheel, pure, "zip")

    # Before the installed package on the path.
    with InstalledServer(with_server, tmp_path / "data", PYTHONPATH=str(pure)) as server:
        assert "fan_out=transports" in server.output


def test_the_source_distribution_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")

    again = build_wheel(tmp_path / archive.name.removesuffix(".tar.gz"), tmp_path / "wheel")

    assert again.name == wheel.name
    assert names(again) == names(wheel)


def test_the_wheel_says_its_licence_and_describes_itself_without_dead_links(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(name))
        licences = {
            file.split("/licenses/")[1]: archive.read(file)
            for file in archive.namelist()
            if "/licenses/" in file and not file.endswith("/")
        }
    description = str(metadata.get_payload())

    assert "MIT" in metadata["License-Expression"]
    assert sorted(licences) == sorted(metadata.get_all("License-File", []))
    assert licences["LICENSE"] == (ROOT / "LICENSE").read_bytes()
    assert description.count("\n# Alerta UTEC Realtime\n") + description.startswith("# ") == 2
    links = re.findall(r"\]\(([^)\s]+)\)", description)
    assert not [link for link in links if not link.startswith(("https://", "http://"))]
