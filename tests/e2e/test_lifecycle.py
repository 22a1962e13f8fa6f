"""Starting, stopping and crashing."""

import os
import signal
import socket
import stat
import subprocess
import threading
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.support.emulator import ROOT, free_port
from tests.support.eventually import eventually
from tests.support.incidents import incident
from tests.support.server import Server, serve_command, server_environment
from tests.support.wsclient import NotReceived, WsClient

REFUSED_S = 30.0


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_a_signal_closes_every_socket_with_1001_and_ends_well(
    serve: ServeFactory, with_signal: signal.Signals
) -> None:
    server = serve()
    with WsClient(server.ws_url) as one, WsClient(server.ws_url) as other:
        one.ping()
        other.ping()

        code = server.stop(with_signal)

        assert code == 0
        assert [client.wait_closed()[0] for client in (one, other)] == [1001, 1001]
    assert "Traceback" not in server.output


@pytest.mark.parametrize("crash", [False, True], ids=["SIGTERM", "SIGKILL"])
def test_every_acknowledged_incident_is_stored_whole_after_the_end(
    serve: ServeFactory, crash: bool
) -> None:
    server = serve()
    acknowledged: list[str] = []
    enough = threading.Event()
    reporter = threading.Thread(target=report, args=(server, acknowledged, enough))
    reporter.start()
    assert enough.wait(30)

    if crash:
        server.kill9()
    else:
        assert server.stop() == 0
    reporter.join(30)

    server.start()
    health = http_request("GET", f"{server.http_url}/health").json()
    stored = every_id(server)
    assert set(acknowledged) <= stored
    assert len(stored) <= len(acknowledged) + 1
    assert int(health["position"].split(":")[1]) == len(stored)


def test_a_second_server_on_the_same_folder_is_refused_and_the_first_continues(
    serve: ServeFactory,
) -> None:
    server = serve()

    second = refused_server(server.data)

    assert second.returncode != 0
    assert str(server.data) in second.stderr
    assert "Traceback" not in second.stderr
    assert server.answers()
    with WsClient(server.ws_url) as client:
        assert client.notify(incident())["type"] == "ack"


def test_the_data_folder_is_unlocked_after_a_crash(serve: ServeFactory) -> None:
    server = serve()
    server.kill9()

    server.start()

    assert server.answers()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_serve_refuses_to_listen_beyond_this_machine(tmp_path: Path, host: str) -> None:
    # An impossible folder: a server that does not refuse the host still fails to start.
    (tmp_path / "file").touch()

    refused = refused_server(tmp_path / "file" / "data", "--host", host)

    assert refused.returncode != 0
    assert "--insecure" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_port_that_is_taken_is_a_clear_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        refused = refused_server(tmp_path / "data", port=port)

    assert refused.returncode != 0
    assert str(port) in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_data_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no")

    refused = refused_server(tmp_path / "data")

    assert refused.returncode != 0
    assert str(tmp_path / "data") in refused.stderr
    assert "Traceback" not in refused.stderr


def test_settings_come_from_the_environment_and_options_win(serve: ServeFactory) -> None:
    server = serve(environment={"ALERTA_STAGE": "prueba", "ALERTA_PORT": "1"})

    with WsClient(f"ws://127.0.0.1:{server.port}/prueba") as client:
        pong = client.ping()

    assert pong["type"] == "pong"


def test_serve_prints_where_everything_is(serve: ServeFactory) -> None:
    server = serve()

    assert server.http_url in server.output
    assert f"wscat -c {server.ws_url}" in server.output
    assert str(server.data / "alerta.db") in server.output
    assert str(server.data / "mail") in server.output


def test_stored_files_are_readable_by_their_owner_only(serve: ServeFactory) -> None:
    server = serve()
    with WsClient(server.ws_url) as client:
        client.notify(incident())

    assert server.data.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_an_ephemeral_server_leaves_no_file_and_sends_no_mail(
    serve: ServeFactory, tmp_path: Path, with_signal: signal.Signals
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    mail = ("--mail-url", f"smtp://127.0.0.1:{free_port()}", "--mail-to", "guardia@utec.example")
    server = serve(options=("--ephemeral", *mail), environment={"TMPDIR": str(temporary)})

    with WsClient(server.ws_url) as client:
        created = client.notify(incident(urgency="high"))
    shown = f"{server.http_url}/incidents/{created['incidentId']}"
    emails = eventually(
        lambda: [
            delivery["result"]
            for delivery in http_request("GET", shown).json()["deliveries"]
            if delivery["channel"] == "email"
        ],
        "the e-mail is on record",
        accept=lambda results: results == ["sent"],
    )
    (used,) = temporary.iterdir()
    mode = used.stat().st_mode & 0o777
    code = server.stop(with_signal)

    assert code == 0
    assert emails == ["sent"]
    assert mode == 0o700
    assert list(temporary.iterdir()) == []
    assert not server.data.exists()


def report(server: Server, acknowledged: list[str], enough: threading.Event) -> None:
    """Submit one incident after another until the server ends."""
    with WsClient(server.ws_url) as client:
        for number in range(10_000):
            try:
                ack = client.notify(incident(description=str(number)), idempotencyKey=str(number))
            except (NotReceived, ConnectionClosed):
                return
            acknowledged.append(ack["incidentId"])
            if number == 50:
                enough.set()


def every_id(server: Server) -> set[str]:
    """Return the ids of all incidents, page by page."""
    ids: list[str] = []
    cursor = ""
    while True:
        url = f"{server.http_url}/incidents?limit=200{cursor}"
        page = http_request("GET", url).json()
        ids += [found["incidentId"] for found in page["incidents"]]
        if "cursor" not in page:
            assert len(ids) == len(set(ids))
            return set(ids)
        cursor = f"&cursor={page['cursor']}"


def refused_server(
    data: Path, *options: str, port: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Start a server that is expected to end at once."""
    return subprocess.run(
        serve_command(free_port() if port is None else port, data, options),
        cwd=ROOT,
        env=server_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=REFUSED_S,
        check=False,
    )


def test_the_data_folder_is_for_its_owner_alone_whatever_the_umask(
    serve: ServeFactory, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    data.chmod(0o755)
    before = os.umask(0)
    try:
        server = serve(data=data)
    finally:
        os.umask(before)
    with WsClient(server.ws_url) as client:
        assert client.notify(incident(urgency="high"))["type"] == "ack"
    eventually(lambda: list(data.glob("mail/new/*")), "an e-mail in the Maildir")

    modes = {file: stat.S_IMODE(file.stat().st_mode) for file in (data, *data.rglob("*"))}

    assert {file: oct(mode) for file, mode in modes.items() if mode & 0o077} == {}
