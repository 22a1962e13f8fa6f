"""One wheel, and one environment for each way to install it, shared by all tests of the folder."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.installed.environments import Environment, InstalledServer, build_wheel
from tests.support.emulator import ROOT


@pytest.fixture(scope="package")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built with the C compiler."""
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="package")
def pure_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a machine without a C compiler."""
    return build_wheel(ROOT, tmp_path_factory.mktemp("pure-wheel"), compiler="no-compiler")


@pytest.fixture(scope="package")
def environments(
    tmp_path_factory: pytest.TempPathFactory, wheel: Path
) -> Mapping[str, Environment]:
    """The environments of ``pip install NAME[server]`` and of ``pip install NAME``."""
    folder = tmp_path_factory.mktemp("environments")
    return {
        "server": Environment.create(folder / "server", wheel, extras=("server",)),
        "client": Environment.create(folder / "client", wheel),
    }


@pytest.fixture(scope="package")
def with_server(environments: Mapping[str, Environment]) -> Environment:
    """The environment of ``pip install NAME[server]``."""
    return environments["server"]


@pytest.fixture(scope="package")
def client_only(environments: Mapping[str, Environment]) -> Environment:
    """The environment of ``pip install NAME``."""
    return environments["client"]


@pytest.fixture(scope="package")
def installed_server(
    with_server: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InstalledServer]:
    """The server that the wheel installed, running."""
    with InstalledServer(with_server, tmp_path_factory.mktemp("installed") / "data") as running:
        yield running
