"""``alerta-utec backup`` and ``restore`` of a real server's data."""

from pathlib import Path

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
