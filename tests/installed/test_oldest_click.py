"""The installed command line with the oldest click that pyproject.toml allows."""

from pathlib import Path

import pytest

from tests.installed.environments import Environment, InstalledServer

OLDEST = "8.1.0"
SHA256 = "19a4baa64da924c5e0cd889aba8e947f280309f1a2ce0947a3e3a7bcb7cc72d6"


@pytest.fixture(scope="module")
def client(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment of the client alone, with the oldest click."""
    folder = tmp_path_factory.mktemp("oldest-click")
    environment = Environment.create(folder / "client", wheel)
    pinned = folder / "click.txt"
    pinned.write_text(f"click=={OLDEST} --hash=sha256:{SHA256}\n")
    done = environment.pip("install", "--quiet", "--require-hashes", "--no-deps", "-r", str(pinned))
    assert done.returncode == 0, done.stderr
    return environment


def test_the_wheel_allows_the_oldest_click(client: Environment) -> None:
    done = client.pip("check")

    assert done.returncode == 0, done.stdout


def test_every_text_of_the_oldest_click_is_in_spanish(client: Environment, tmp_path: Path) -> None:
    helped = client.run(client.command, "notify", "--help", cwd=tmp_path)
    mistaken = client.run(client.command, "serve", "--prot", "1", cwd=tmp_path)

    assert (helped.returncode, helped.stderr) == (0, "")
    assert helped.stdout.startswith("Uso: alerta-utec notify [OPCIONES]")
    assert "por defecto" in helped.stdout
    assert not [word for word in ("Usage", "Options", "default", "Show") if word in helped.stdout]
    assert (mistaken.returncode, mistaken.stdout) == (2, "")
    assert mistaken.stderr.startswith("Error: no existe la opción --prot. ¿Quiso decir ")
    assert mistaken.stderr.endswith("\nAyuda: alerta-utec serve --help\n")


def test_a_client_with_the_oldest_click_reports_and_reads(
    client: Environment, installed_server: InstalledServer, tmp_path: Path
) -> None:
    http, ws = installed_server.http_url, installed_server.ws_url
    report = ("notify", "--type", "humo", "--location", "Azotea", "--urgency", "alta")

    reported = client.run(client.command, *report, "--url", ws, cwd=tmp_path)
    listed = client.run(client.command, "incidents", "--url", http, cwd=tmp_path)

    assert [done.returncode for done in (reported, listed)] == [0, 0], reported.stderr
    assert "Azotea" in listed.stdout


@pytest.mark.parametrize("off", ["0", "no", "false", "off"])
def test_insecure_stays_off_if_its_variable_says_no(
    client: Environment, tmp_path: Path, off: str
) -> None:
    words = ("serve", "--host", "0.0.0.0", "--port", "0")

    done = client.run(client.command, *words, cwd=tmp_path, ALERTA_INSECURE=off)

    assert done.returncode == 2
    assert "acéptelo con --insecure" in done.stderr
