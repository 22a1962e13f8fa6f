"""The benchmarks' C programs, which are compiled when they are needed."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks import native

BUILDERS = 6


def test_several_processes_can_build_the_same_program_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "BUILD", tmp_path)

    with ThreadPoolExecutor(BUILDERS) as pool:
        built = set(pool.map(native.program.__wrapped__, ["load"] * BUILDERS))

    assert built == {tmp_path / "load"}
    assert list(tmp_path.iterdir()) == [tmp_path / "load"]
