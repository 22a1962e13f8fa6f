"""Where the browser of the panel's tests comes from."""

from pathlib import Path

import pytest

from tests.support.chromium import NoChromium, ensure


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a browser, whose ``apt-get`` brings one; the file that it writes to."""
    log = tmp_path / "apt.log"
    program = tmp_path / "apt-get"
    chromium = tmp_path / "chromium"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {log}\n'
        f'[ "$1" = update ] || {{ echo > {chromium}; /bin/chmod 755 {chromium}; }}\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    return log


def test_one_that_is_there_is_taken(apt: Path) -> None:
    there = apt.with_name("chromium-browser")
    there.touch(mode=0o755)

    assert ensure(root=True, debian=True) == there
    assert not apt.exists()


def test_one_that_is_named_comes_first(apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("chromium", "mine"):
        apt.with_name(name).touch(mode=0o755)
    monkeypatch.setenv("CHROMIUM", str(apt.with_name("mine")))

    assert ensure(root=False, debian=False) == apt.with_name("mine")


def test_root_on_debian_gets_it_by_apt(apt: Path) -> None:
    assert ensure(root=True, debian=True) == apt.with_name("chromium")

    update, install = apt.read_text().splitlines()
    assert update == "update -q"
    assert install == "install -y -q --no-install-recommends chromium"


@pytest.mark.parametrize(("root", "debian"), [(False, True), (True, False), (False, False)])
def test_everybody_else_is_told_what_to_install(apt: Path, root: bool, debian: bool) -> None:
    with pytest.raises(NoChromium, match="apt-get install --no-install-recommends chromium"):
        ensure(root=root, debian=debian)

    assert not apt.exists()


def test_an_apt_that_fails_is_told(apt: Path) -> None:
    apt.with_name("apt-get").write_text("#!/bin/sh\nexit 100\n")

    with pytest.raises(NoChromium, match="apt-get update -q"):
        ensure(root=True, debian=True)
