"""``alerta-utec serve`` as a process: its banner and its errors at the start."""

import socket
from pathlib import Path

import pytest

from alerta_utec.cli.banner import banner
from alerta_utec.deployments.local.settings import LocalSettings
from tests.conftest import ServeFactory
from tests.unit.cli.running import Process, wait_for

URLS = ("http://127.0.0.1:8000", "ws://127.0.0.1:8000/dev")


def test_serve_prints_its_addresses_and_stops_on_ctrl_c(tmp_path: Path) -> None:
    data = tmp_path / "datos"
    with Process("serve", "--port", "0", "--stage", "prueba", "--data", str(data)) as serving:
        wait_for(serving.out, lambda line: "Ctrl-C" in line)
        code = serving.interrupt()

    shown = dict(line.split(maxsplit=1) for line in serving.out if line.startswith("  "))
    assert code == 0
    assert shown["Panel"].startswith("http://127.0.0.1:")
    assert shown["Panel"].endswith("/")
    assert shown["WebSocket"].startswith("ws://127.0.0.1:")
    assert shown["WebSocket"].endswith("/prueba")
    assert shown["Pruébelo"] == f"wscat -c {shown['WebSocket']}"
    assert shown["Incidentes"] == str(data / "alerta.db")
    assert shown["Correo"].startswith(str(data / "mail"))
    assert (data / "alerta.db").is_file()


def test_a_port_in_use_is_reported_with_the_option_that_changes_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with Process("serve", "--port", str(port), "--data", str(tmp_path / "d")) as serving:
            code = serving.wait()

    assert code == 1
    assert f"no se puede escuchar en 127.0.0.1:{port}" in serving.err[-1]
    assert "--port" in serving.err[-1]


def test_a_data_folder_in_use_is_reported_with_the_option_that_changes_it(
    serve: ServeFactory,
) -> None:
    server = serve()

    with Process("serve", "--port", "0", "--data", str(server.data)) as second:
        code = second.wait()

    assert code == 1
    assert f"proceso {server.pid}" in second.err[-1]
    assert "--data" in second.err[-1]


@pytest.mark.parametrize("url", ["correo", "smtp://", "smtp://u:secreto@correo.example", "x://y"])
def test_an_unusable_mail_url_is_reported_without_its_password(tmp_path: Path, url: str) -> None:
    arguments = ("serve", "--port", "0", "--data", str(tmp_path / "d"), "--mail-url", url)
    with Process(*arguments) as serving:
        code = serving.wait()

    assert code == 1
    assert "--mail-url" in serving.err[-1]
    assert not [line for line in serving.err if "secreto" in line or "Traceback" in line]


@pytest.mark.parametrize(
    "content", [None, b"", b" \n", b"\xff", b"smtp://u:secreto@correo.example\n"]
)
def test_the_mail_url_is_read_from_a_file(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "mail-url"
    if content is not None:
        file.write_bytes(content)
    arguments = ("serve", "--port", "0", "--data", str(tmp_path / "d"), "--mail-url", f"@{file}")

    with Process(*arguments) as serving:
        code = serving.wait()

    expected = "destinatario" if content and b"smtp" in content else str(file)
    assert code == 1
    assert expected in serving.err[-1]
    assert not [line for line in serving.err if "secreto" in line or "Traceback" in line]


def test_the_banner_does_not_show_the_mail_password() -> None:
    settings = LocalSettings(
        mail_url="smtp://usuario:secreto@correo.example:587", mail_to=("guardia@example.edu",)
    )

    text = banner(settings, *URLS)

    assert "por correo.example a guardia@example.edu" in text
    assert "secreto" not in text


def test_the_banner_does_not_show_an_apprise_token() -> None:
    text = banner(LocalSettings(mail_url="tgram://token-secreto/chat"), *URLS)

    assert "por tgram (Apprise)" in text
    assert "secreto" not in text


def test_the_banner_warns_of_a_service_without_sign_in() -> None:
    assert "--insecure" in banner(LocalSettings(insecure=True), *URLS)
    assert "--insecure" not in banner(LocalSettings(), *URLS)


def test_the_banner_shows_the_public_url_where_there_is_one() -> None:
    public = "https://alerta.example.edu/alerta"

    text = banner(LocalSettings(public_url=public), *URLS)

    assert f"  Público     {public}/" in text.splitlines()
    assert f"  Panel       {URLS[0]}/" in text.splitlines()
    assert "Público" not in banner(LocalSettings(), *URLS)


def test_the_banner_of_an_ephemeral_service_says_that_incidents_are_lost() -> None:
    text = banner(LocalSettings(ephemeral=True), *URLS)

    assert "se pierden al terminar" in text
    assert "alerta.db" not in text
