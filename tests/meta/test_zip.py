"""The zip for every Lambda, as the plugin packs it for AWS."""

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerta_utec.handlers.panel import TYPES
from deploy.bytecode import find_compiler
from tests.meta.conftest import Packaged
from tests.support.deployment import DeployFailed, checkout, osls
from tests.support.emulator import ROOT

ZIP_MAX_BYTES = 12_000_000
# Lambda takes 250 MB; a cold start takes longer with every megabyte.
UNPACKED_MAX_BYTES = 40_000_000
AARCH64 = 0xB7
STATIC = {
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "alerta_utec" / "static").rglob("*")
    if path.suffix in {*TYPES, ".txt"}
}
# CPython 3.13's, and the flags of PEP 552.
MAGIC_3_13 = (3571).to_bytes(2, "little") + b"\r\n"
UNCHECKED_HASH = (0b01).to_bytes(4, "little")
NOT_OURS_TO_BRING = {"boto3", "botocore", "aiohttp", "uvloop", "apprise", "click", "tests"}


@pytest.fixture(scope="module")
def archive(packaged: Packaged) -> Iterator[zipfile.ZipFile]:
    """The open zip."""
    with zipfile.ZipFile(packaged.zip_path) as opened:
        yield opened


def test_compiled_modules_are_for_python_3_13_on_arm64_linux(archive: zipfile.ZipFile) -> None:
    compiled = [name for name in archive.namelist() if name.endswith((".so", ".pyd", ".dylib"))]

    assert compiled
    for name in compiled:
        assert name.endswith((".cpython-313-aarch64-linux-gnu.so", ".abi3.so"))
        header = archive.read(name)[:20]
        assert header[:4] == b"\x7fELF"
        assert int.from_bytes(header[18:20], "little") == AARCH64


def test_the_zip_holds_every_handler(archive: zipfile.ZipFile) -> None:
    held = {name for name in archive.namelist() if re.fullmatch(r"src/\w+\.py", name)}

    assert held == {f"src/{path.name}" for path in (ROOT / "src").glob("*.py")}


def test_the_zip_holds_the_aws_deployment_and_not_the_local_one(archive: zipfile.ZipFile) -> None:
    names = [name for name in archive.namelist() if "__pycache__" not in name]
    ours = {name for name in names if name.startswith("alerta_utec/")}

    parts = {name.split("/")[1].removesuffix(".py") for name in ours}
    assert parts == {
        *("__init__", "__main__", "adapters", "app", "cap", "deployments", "domain", "handlers"),
        *("http_responses", "notifications", "ports", "sign_in", "static", "webhooks", "wire"),
    }
    assert not [name for name in ours if "/local/" in name or "/sqlite/" in name]


def test_the_zip_holds_every_static_file_and_its_licence(archive: zipfile.ZipFile) -> None:
    assert set(archive.namelist()) >= STATIC


def test_a_wheel_holds_every_static_file_and_its_licence(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)

    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert set(archive.namelist()) >= STATIC


def test_the_zip_holds_exactly_the_pinned_packages(archive: zipfile.ZipFile) -> None:
    pinned = {
        tuple(line.split(" ")[0].split("=="))
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if re.match(r"[a-z]", line)
    }
    held = {
        tuple(name.split("/")[0].removesuffix(".dist-info").replace("_", "-").rsplit("-", 1))
        for name in archive.namelist()
        if ".dist-info/" in name
    }

    assert held == pinned


def test_the_zip_holds_no_tests_and_no_package_that_lambda_has(
    archive: zipfile.ZipFile,
) -> None:
    names = archive.namelist()

    assert not NOT_OURS_TO_BRING & {name.split("/")[0] for name in names}
    assert not [name for name in names if "/tests/" in name]
    assert not [name for name in names if name.endswith((".pyi", "/RECORD"))]


def test_bytecode_is_of_lambdas_python_or_not_there(archive: zipfile.ZipFile) -> None:
    """It is there if this machine has that Python: see the tests of ``deploy/bytecode.py``."""
    bytecode = [name for name in archive.namelist() if name.endswith(".pyc")]

    assert bool(bytecode) is (find_compiler("lambda") is not None)
    for name in bytecode:
        assert name.endswith(".cpython-313.pyc")
        assert archive.read(name)[:8] == MAGIC_3_13 + UNCHECKED_HASH


def test_the_zip_is_small(packaged: Packaged, archive: zipfile.ZipFile) -> None:
    assert packaged.zip_path.stat().st_size < ZIP_MAX_BYTES
    assert sum(entry.file_size for entry in archive.infolist()) < UNPACKED_MAX_BYTES


def test_a_zip_built_elsewhere_without_a_cache_has_the_same_bytes(
    packaged: Packaged, tmp_path: Path
) -> None:
    copy = checkout(tmp_path / "elsewhere")
    (copy / ".build").unlink()

    again = _pack(copy, tmp_path / "again.zip")

    assert again == packaged.zip_path.read_bytes()


def test_a_change_in_the_code_changes_the_zip(packaged: Packaged, tmp_path: Path) -> None:
    copy = checkout(tmp_path / "changed")
    with (copy / "src" / "ping.py").open("a") as source:
        source.write("# changed\n")

    changed = _pack(copy, tmp_path / "changed.zip")

    assert changed != packaged.zip_path.read_bytes()


def _pack(copy: Path, output: Path) -> bytes:
    subprocess.run([sys.executable, str(copy / "deploy" / "package.py"), str(output)], check=True)
    return output.read_bytes()


def test_a_missing_pip_error_says_what_to_do_in_both_languages(tmp_path: Path) -> None:
    copy = checkout(tmp_path / "checkout")

    with pytest.raises(DeployFailed) as failed:
        osls(copy, "package", environment={"ALERTA_PYTHON": "/bin/false"})

    assert "Falta Python 3 con pip" in str(failed.value)
    assert "Python 3 with pip is missing" in str(failed.value)
    assert "ALERTA_PYTHON=" in str(failed.value)


def test_a_wheel_with_another_hash_is_refused(tmp_path: Path) -> None:
    copy = checkout(tmp_path / "checkout")
    (copy / ".build").unlink()
    pins = copy / "requirements.txt"
    forged = re.sub(r"sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", pins.read_text())
    pins.write_text(forged)

    with pytest.raises(DeployFailed) as failed:
        osls(copy, "package")

    assert "DO NOT MATCH THE HASHES" in str(failed.value)
    assert "pip no pudo traer las bibliotecas" in str(failed.value)
