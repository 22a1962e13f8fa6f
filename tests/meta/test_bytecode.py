"""The bytecode in the zip: what Lambda loads instead of compiling each module at a cold start."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from benchmarks.cold_start import SETTINGS, lambdas
from deploy.bytecode import LAMBDA_PYTHON, NEVER_LOADED, bytecode, find_compiler
from tests.support.emulator import ROOT

# Loaded at the first token, not with the Lambda.
LATER = ("jwt.algorithms", "cryptography.hazmat.primitives.asymmetric.rsa")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip of a Lambda that runs on this Python, unpacked."""
    folder = tmp_path_factory.mktemp("host")
    pack = [sys.executable, str(ROOT / "deploy" / "package.py"), str(folder / "code.zip")]
    subprocess.run([*pack, "--target", "host"], check=True, capture_output=True)
    with zipfile.ZipFile(folder / "code.zip") as archive:
        archive.extractall(folder / "code")
    return folder / "code"


def test_everything_that_a_lambda_loads_from_the_zip_is_compiled(unpacked: Path) -> None:
    """Bytecode that is not checked is loaded whatever its source says; here it says: fail."""
    sources = [*unpacked.rglob("*.py")]
    for source in sources:
        source.write_text("raise ImportError(f'{__file__} is not compiled')")
    modules = [*(f"src.{name}" for name in lambdas()), *LATER]

    done = subprocess.run(
        [sys.executable, "-c", f"import {', '.join(modules)}"],
        cwd=unpacked,
        env={"PATH": os.environ["PATH"]} | SETTINGS,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert len(sources) > 300
    assert done.returncode == 0, done.stderr


def test_each_module_is_compiled_unless_no_function_loads_it(unpacked: Path) -> None:
    names = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*.py")}

    compiled = {
        Path(importlib.util.source_from_cache(str(path))).relative_to(unpacked).as_posix()
        for path in unpacked.rglob("*.pyc")
    }

    assert compiled == {name for name in names if not NEVER_LOADED.match(name)}


def test_a_traceback_names_the_file_on_lambda(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("1 / 0\n")
    compiler = find_compiler("host")
    assert compiler is not None

    (made,) = bytecode({"src/wrong.py": tmp_path / "wrong.py"}, compiler, tmp_path).values()

    assert b"/var/task/src/wrong.py" in made.read_bytes()


def test_the_same_sources_give_the_same_bytecode_and_others_give_other(tmp_path: Path) -> None:
    source = tmp_path / "one.py"
    source.write_text("def f(x): return x in {'a', 'b', 'c', 'd', 'e', 'f'}\n")
    files = {"src/one.py": source}
    compiler = find_compiler("host")
    assert compiler is not None

    first, again = (
        [path.read_bytes() for path in bytecode(files, compiler, tmp_path / name).values()]
        for name in ("first", "again")
    )
    source.write_text("def f(x): return x\n")
    changed = [path.read_bytes() for path in bytecode(files, compiler, tmp_path / "first").values()]

    assert first == again != changed


def test_a_file_of_another_python_stays_uncompiled(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("print 'hello'\n")
    (tmp_path / "good.py").write_text("print('hello')\n")
    compiler = find_compiler("host")
    assert compiler is not None

    made = bytecode({name: tmp_path / name for name in ("good.py", "old.py")}, compiler, tmp_path)

    assert [*made] == [f"__pycache__/good.{compiler.tag}.pyc"]


@pytest.mark.parametrize(
    "script",
    ["exit 127", 'echo \'["3.12.1 (main)", "cpython-312"]\'', "echo hello", None],
    ids=["fails", "is-another-version", "is-no-python", "is-missing"],
)
def test_a_python_that_is_not_lambdas_compiles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None
) -> None:
    if script is not None:
        named = tmp_path / "python3.13"
        named.write_text(f"#!/bin/sh\n{script}\n")
        named.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    found = find_compiler("lambda")

    ours = sys.version_info[:2] == LAMBDA_PYTHON
    assert (None if found is None else found.path) == (sys.executable if ours else None)


def test_lambdas_python_on_the_path_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "python3.13"
    named.write_text('#!/bin/sh\necho \'["3.13.0 (main)", "cpython-313"]\'\n')
    named.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    found = find_compiler("lambda")

    assert found is not None
    assert found.tag == "cpython-313"
