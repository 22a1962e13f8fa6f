"""Text with a meaning for a mail program, a browser, a spreadsheet or a terminal."""

import json
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.targets import http_request
from tests.conftest import ServeFactory
from tests.support.eventually import eventually
from tests.support.incidents import incident, unique
from tests.support.server import Server
from tests.support.wsclient import WsClient
from tests.unit.cli.running import Process, run, wait_for

MAIL_S = 20.0
MAIL_HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
    "Content-Transfer-Encoding", "Auto-Submitted",
}  # fmt: skip
BREAKS = ("\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\r\n\r\n", "\x00\n")
FORGED = "Bcc: intruso@example.net"
TEXTS = {
    "csv": '=HYPERLINK("http://x.example","clic")',
    "csv-at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "html": "<img src=x onerror=alert(1)><script>alert(1)</script>",
    "html-quote": "\"'><svg/onload=alert(1)>",
    "script-end": "</script><!--",
    "template": "{{7*7}}${7*7}<%= 7*7 %>%s%n{0.__class__}",
    "sql": "'); DROP TABLE incidents; --",
    "title": "\x1b]0;tomado\x07",
    "colour": "\x1b[2J\x1b[31mrojo",
    "c1": "\x9b31mrojo\x9d0;x\x9c",
    "bidi": "abc\u202edcba\u2066x",
    "tag": "\U000e0041\ufeffx\u200e",
    "backspace": "visto\x08\x08\x08\x08\x08oculto\rotro",
}


def mails(server: Server, count: int) -> list[bytes]:
    """Wait for ``count`` e-mails in the server's Maildir and return them raw."""
    folder: Path = server.data / "mail" / "new"
    found = eventually(
        lambda: sorted(folder.glob("*")),
        f"{count} e-mails",
        accept=lambda files: len(files) >= count,
        within_s=MAIL_S,
    )
    return [file.read_bytes() for file in found]


# The all-clears of one person that leave by themselves.
AT_ONCE = 5


@pytest.mark.parametrize("lang", ["es", "en"])
def test_no_text_of_an_incident_makes_a_header_of_an_email(serve: ServeFactory, lang: str) -> None:
    each_by_itself = {"ALERTA_MAIL_WINDOW": "0", "ALERTA_MAIL_LIMIT": "3600"}
    server = serve(environment={"ALERTA_LANG": lang, **each_by_itself})
    subjects = [f"fuga{line_break}{FORGED}{line_break}x" for line_break in BREAKS]
    subjects += ["=?utf-8?q?fuga=0D=0ABcc:_intruso@example.net?=", f"fuga\\r\\n{FORGED}", "ñ" * 80]
    with WsClient(server.ws_url) as client:
        for number, text in enumerate(subjects):
            body = {"type": text[:80], "location": text, "description": f"\r\n.\r\n{text}"}
            ack = client.notify(incident(urgency="medium", **body) | {FORGED: text})
            assert ack["type"] == "ack"
            if number < AT_ONCE:
                client.request(
                    {"action": "update", "incidentId": ack["incidentId"], "status": "resuelto"}
                )

    raw = mails(server, len(subjects) + AT_ONCE)
    assert len(raw) == len(subjects) + AT_ONCE
    for content in raw:
        message = message_from_bytes(content)
        assert set(message.keys()) <= MAIL_HEADERS
        assert len(message.get_all("Subject", [])) == 1
        subject = str(message["Subject"])
        assert subject.isascii()
        assert subject.startswith("[Alerta UTEC] ")
        head = content.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
        assert not [line for line in head.split(b"\n") if line.lower().startswith(b"bcc")]


def with_everywhere(text: str) -> dict[str, Any]:
    """Return an incident with the text in every text field."""
    extras = {"aula": text, "lista": [text, {"x": text}], text[:60]: 1}
    return incident(type=text[:80], location=text, description=text, **extras)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_text_comes_back_as_json_that_no_browser_takes_for_a_page(
    server: Server, text: str
) -> None:
    with WsClient(server.ws_url) as client:
        ack = client.notify(with_everywhere(text))
        name = ack["incidentId"]
        client.request({"action": "update", "incidentId": name, "note": text})
        told = client.wait_update(name)["incident"]

    answer = http_request("GET", f"{server.http_url}/incidents/{name}")

    found = answer.json()["incident"]
    assert found["aula"] == told["aula"] == text
    assert found["type"] == told["type"]
    if text.isprintable():
        assert found["type"] == found["description"] == text
    else:
        assert not set(found["type"]) & set(map(chr, (*range(32), *range(127, 160))))
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_text_does_not_control_the_terminal(server: Server, text: str) -> None:
    place = unique()
    with WsClient(server.ws_url) as client:
        body = with_everywhere(text) | {"location": f"{place} {text}"[:120]}
        name = client.notify(body)["incidentId"]
        client.request({"action": "update", "incidentId": name, "note": text})
    at = ("--url", server.http_url)

    shown = [
        run("incidents", *at, "--limit", "3"),
        run("incidents", *at, "--limit", "3", "--json"),
        run("incidents", "show", *at, name),
        run("incidents", "show", *at, "--json", name),
    ]

    assert [result.exit_code for result in shown] == [0] * 4
    for result in shown:
        assert name in result.stdout
        assert harmful(result.stdout) == []
    assert json.loads(shown[3].stdout)["incident"]["aula"] == text


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["lines", "json"])
def test_watch_prints_hostile_text_inertly(server: Server, options: tuple[str, ...]) -> None:
    with Process("watch", "--url", server.ws_url, "--no-color", *options) as watching:
        wait_for(watching.err, lambda line: "Conectado" in line)
        with WsClient(server.ws_url) as client:
            names = [client.notify(with_everywhere(text))["incidentId"] for text in TEXTS.values()]
        for name in names:
            wait_for(watching.out, lambda line, n=name: n in line)  # type: ignore[misc]
        watching.interrupt()

    assert harmful("\n".join(watching.out)) == []


def test_text_quoted_in_a_refusal_is_inert(server: Server) -> None:
    text = "\x1b]0;x\x07<script>\u202e"
    with WsClient(server.ws_url) as client:
        frames = [
            client.request({"action": text}),
            client.notify(incident(urgency=text, status=text, incidentId=text)),
            client.request({"action": "update", "incidentId": text, "status": text}),
            client.request({"action": "subscribe", "filter": {text: [text]}}),
        ]

    assert all(frame["type"] == "error" for frame in frames)
    texts = json.dumps([frame["message"] for frame in frames])
    assert "script" not in texts
    assert "\\u001b" not in texts


def harmful(shown: str) -> list[str]:
    """Return the characters that could control a terminal; line breaks are our own."""
    return [c for c in shown if c != "\n" and (ord(c) < 32 or 126 < ord(c) < 160 or c in _HIDDEN)]


_HIDDEN = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
