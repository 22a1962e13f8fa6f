"""``alerta-utec backup``, ``restore`` and ``epoch`` of a real server's data."""

from pathlib import Path

import pytest

from tests.conftest import ServeFactory
from tests.support.wsclient import WsClient
from tests.unit.cli.running import json_lines, run

INCIDENT = {"type": "prueba", "location": "Patio", "urgency": "low"}


def test_a_backup_made_while_serving_restores_the_incidents(
    serve: ServeFactory, tmp_path: Path
) -> None:
    copy, server = tmp_path / "copia.db", serve()
    with WsClient(server.ws_url) as client:
        kept = client.notify(INCIDENT)["incidentId"]
        made = run("backup", str(copy), "--data", str(server.data))
        client.notify(INCIDENT)
        before = client.ping()["position"]
    server.stop()

    restored = run("restore", str(copy), "--data", str(server.data), "--yes")

    server.start()
    with WsClient(server.ws_url) as client:
        after = client.ping()["position"]
    found = json_lines(run("incidents", "--url", server.http_url, "--json").stdout)
    assert (made.exit_code, restored.exit_code) == (0, 0)
    assert [incident["incidentId"] for incident in found] == [kept]
    assert before.split(":")[0] != after.split(":")[0]
    assert after.endswith(":1")


def test_restore_asks_first_and_does_nothing_on_no(serve: ServeFactory, tmp_path: Path) -> None:
    copy, server = tmp_path / "copia.db", serve()
    run("backup", str(copy), "--data", str(server.data))
    server.stop()
    database = server.data / "alerta.db"
    before = database.stat().st_ino

    refused = run("restore", str(copy), "--data", str(server.data), stdin="n\n")
    silent = run("restore", str(copy), "--data", str(server.data), stdin="")
    agreed = run("restore", str(copy), "--data", str(server.data), stdin="sí\n")

    assert (refused.exit_code, silent.exit_code, agreed.exit_code) == (1, 1, 0)
    assert "cancelado" in refused.stderr
    assert str(server.data) in refused.stderr
    assert database.stat().st_ino != before
    assert len(list(server.data.glob("alerta.db.before-restore-*"))) == 1


def test_restore_is_refused_while_serving(serve: ServeFactory, tmp_path: Path) -> None:
    copy, server = tmp_path / "copia.db", serve()
    run("backup", str(copy), "--data", str(server.data))

    result = run("restore", str(copy), "--data", str(server.data), "--yes")

    assert result.exit_code == 1
    assert f"proceso {server.pid}" in result.stderr
    assert server.answers()


def test_a_backup_without_a_database_fails(tmp_path: Path) -> None:
    result = run("backup", str(tmp_path / "copia.db"), "--data", str(tmp_path))

    assert result.exit_code == 1
    assert result.stderr == f"Error: No hay ninguna base de datos en {tmp_path}.\n"
    assert not (tmp_path / "copia.db").exists()


def test_restore_refuses_a_file_that_is_no_database(tmp_path: Path) -> None:
    text = tmp_path / "notas.txt"
    text.write_text("hola\n" * 1000)

    result = run("restore", str(text), "--data", str(tmp_path / "datos"), "--yes")

    assert result.exit_code == 1
    assert "no es una base de datos" in result.stderr
    assert "Traceback" not in result.stderr


def test_after_new_epoch_a_client_of_the_earlier_one_gets_everything_anew(
    serve: ServeFactory,
) -> None:
    server = serve()
    with WsClient(server.ws_url) as client:
        kept = client.notify(INCIDENT)["incidentId"]
        before = client.ping()["position"]
    server.stop()

    result = run("epoch", "--new", "--data", str(server.data))

    server.start()
    with WsClient(server.ws_url) as client:
        after = client.ping()["position"]
        page = client.request({"action": "sync", "since": before})
    assert (result.exit_code, result.stdout) == (0, "")
    assert "otra época" in result.stderr
    assert before.split(":")[0] != after.split(":")[0]
    assert after.split(":")[1] == before.split(":")[1] == "1"
    assert page["reset"] is True
    assert [incident["incidentId"] for incident in page["incidents"]] == [kept]


def test_a_new_epoch_stays_over_the_next_starts(serve: ServeFactory) -> None:
    server = serve()
    server.stop()

    assert run("epoch", "--new", "--data", str(server.data)).exit_code == 0

    positions = []
    for _ in range(2):
        server.start()
        with WsClient(server.ws_url) as client:
            positions.append(client.ping()["position"])
        server.stop()
    assert positions[0] == positions[1]


def test_new_epoch_is_refused_while_serving(serve: ServeFactory) -> None:
    server = serve()
    with WsClient(server.ws_url) as client:
        before = client.ping()["position"]

        result = run("epoch", "--new", "--data", str(server.data))

        assert result.exit_code == 1
        assert f"proceso {server.pid}" in result.stderr
        assert client.ping()["position"] == before


def test_new_epoch_is_refused_without_a_database_and_creates_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "missing", tmp_path / "empty"):
        result = run("epoch", "--new", "--data", str(folder))

        assert result.exit_code == 1
        assert "No hay ninguna base de datos" in result.stderr
    assert not (tmp_path / "missing").exists()
    assert not list((tmp_path / "empty").glob("*.db*"))


def test_the_position_is_shown_while_serving_and_a_dry_run_changes_nothing(
    serve: ServeFactory, tmp_path: Path
) -> None:
    copy, server = tmp_path / "copia.db", serve()
    with WsClient(server.ws_url) as client:
        client.notify(INCIDENT)
        position = client.ping()["position"]

        shown = run("epoch", "--data", str(server.data))
        planned = run("epoch", "--new", "--dry-run", "--data", str(server.data))

        assert client.ping()["position"] == position
    run("backup", str(copy), "--data", str(server.data))
    server.stop()
    before = (server.data / "alerta.db").stat().st_ino
    checked = run("restore", str(copy), "--dry-run", "--data", str(server.data))
    (tmp_path / "otra.db").write_text("no es una base de datos")
    refused = run("restore", str(tmp_path / "otra.db"), "--dry-run", "--data", str(server.data))

    assert shown.stdout == planned.stdout == f"{position}\n"
    assert "seguiría en el mismo cambio, el 1" in planned.stderr
    assert (checked.exit_code, refused.exit_code) == (0, 1)
    assert "Se puede restaurar" in checked.stderr
    assert (server.data / "alerta.db").stat().st_ino == before


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("copia.db", "--aws"),
        ("copia.db", "--table", "t"),
        ("copia.db", "--at", "2026-11-24T18:30:00Z"),
        ("--aws", "--table", "t", "--at", "2026-11-24T18:30:00Z"),
        ("--aws", "--at", "ayer"),
    ],
)
def test_a_restore_needs_one_source(arguments: tuple[str, ...]) -> None:
    result = run("restore", *arguments)

    assert result.exit_code == 2
    assert "indique ARCHIVO, o --aws" in result.output or "con su zona" in result.output
