"""The installed command line and client, with the server's packages and without."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest

from alerta_utec.cli import main
from tests.installed.environments import (
    LOCK,
    PROJECT,
    Environment,
    InstalledServer,
    dependencies,
    locked,
)


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command, groups included."""
    yield path
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from commands(inner, (*path, name))


@pytest.mark.parametrize("kind", ["server", "client"])
@pytest.mark.parametrize("words", list(commands(main)), ids=lambda words: " ".join(words) or "main")
def test_a_command_explains_itself(
    environments: Mapping[str, Environment], tmp_path: Path, kind: str, words: tuple[str, ...]
) -> None:
    environment = environments[kind]

    done = environment.run(environment.command, *words, "--help", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(" ".join(("Uso: alerta-utec", *words)))


@pytest.mark.parametrize("kind", ["server", "client"])
def test_an_environment_has_all_that_the_wheel_requires(
    environments: Mapping[str, Environment], kind: str
) -> None:
    done = environments[kind].pip("check")

    assert done.returncode == 0, done.stdout


def test_make_serve_installs_what_the_extra_needs_and_the_build_tools() -> None:
    server = dependencies(PROJECT, ("server",))
    tools = {"hatchling", "editables"} | dependencies("hatchling") | dependencies("editables")

    # So the routes that answer in the smaller environment of the extra answer there too.
    assert server <= set(locked()), LOCK.name
    assert set(locked()) - server <= tools


def test_the_client_imports_without_the_servers_packages(
    client_only: Environment, tmp_path: Path
) -> None:
    code = "from alerta_utec.client import *; import alerta_utec; print(alerta_utec.__file__)"

    done = client_only.run(client_only.python, "-c", code, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert Path(done.stdout.strip()).is_relative_to(client_only.folder)


def test_a_client_reports_and_reads_without_the_servers_packages(
    client_only: Environment, installed_server: InstalledServer, tmp_path: Path
) -> None:
    http, ws = installed_server.http_url, installed_server.ws_url
    report = ("notify", "--type", "humo", "--location", "Sótano", "--urgency", "alta")

    reported = client_only.run(client_only.command, *report, "--url", ws, cwd=tmp_path)
    listed = client_only.run(client_only.command, "incidents", "--url", http, cwd=tmp_path)
    webhooks = client_only.run(client_only.command, "webhooks", "list", "--url", http, cwd=tmp_path)

    assert [done.returncode for done in (reported, listed, webhooks)] == [0, 0, 0]
    assert "Sótano" in listed.stdout


@pytest.mark.parametrize(
    "words", [("serve", "--ephemeral", "--port", "0"), ("token", "--role", "personal")]
)
def test_a_command_of_the_server_says_what_to_install(
    client_only: Environment, tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = client_only.run(client_only.command, *words, cwd=tmp_path, ALERTA_AUTH_SECRET="s" * 32)

    assert (done.returncode, done.stdout) == (1, "")
    assert f"pip install '{PROJECT}[server]'" in done.stderr
