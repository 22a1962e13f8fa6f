"""Bad messages over a real socket: each gets its answer, without harm to others."""

import json

import pytest

from tests.conformance.targets import http_request
from tests.e2e.raw import BINARY, CONTINUATION, TEXT, RawSocket, frame
from tests.support.incidents import unique
from tests.support.server import Server
from tests.support.wsclient import WsClient

pytestmark = pytest.mark.usefixtures("unharmed")


def notify(extra: str) -> str:
    """Return a message whose incident has ``extra`` as more JSON members."""
    return (
        '{"action":"notify","requestId":"r","incident":'
        f'{{"type":"a","location":"b","urgency":"low",{extra}}}}}'
    )


REFUSED = {
    "not JSON": ("hola", "bad_json"),
    "empty": ("", "bad_json"),
    "array": ('[{"action":"notify"}]', "bad_json"),
    "no action": ('{"incident":{}}', "unknown_action"),
    "unknown action": ('{"action":"borrar"}', "unknown_action"),
    "no incident": ('{"action":"notify"}', "invalid_incident"),
    "wrong fields": ('{"action":"notify","incident":{"type":1,"urgency":9}}', "invalid_incident"),
    "40 KB": (notify(f'"description":"{"x" * 40_000}"'), "too_large"),
    "100,000 brackets": ("[" * 100_000, "too_large"),
    "30,000 brackets": ("[" * 30_000, "bad_json"),
    "5,000 objects": ('{"a":' * 5_000, "bad_json"),
    "deep extra": (notify('"x":' + "[" * 250 + "]" * 250), "bad_json"),
    "NaN": (notify('"x":NaN'), "bad_json"),
    "Infinity": (notify('"x":-Infinity'), "bad_json"),
    "1e400": (notify('"x":1e400'), "invalid_incident"),
    "1e400 deep inside": (notify('"x":[{"y":-1e999}]'), "invalid_incident"),
    "1e400 for a text": (notify('"description":1e400'), "invalid_incident"),
    "lone high surrogate": (notify(r'"x":"\ud800"'), "bad_json"),
    "lone low surrogate": (notify(r'"description":"\udfff!"'), "bad_json"),
    "surrogates swapped": (notify(r'"x":"\udc00\ud800"'), "bad_json"),
    "lone surrogate as a name": (notify(r'"\ud83d":1'), "bad_json"),
    "raw NUL": (notify('"description":"a\x00b"'), "bad_json"),
    "5,000 digits": (notify('"x":' + "9" * 5_000), "bad_json"),
    "byte order mark": ("\ufeff" + notify('"x":1'), "bad_json"),
    "21 extras": (notify(",".join(f'"x{n}":{n}' for n in range(21))), "invalid_incident"),
    "extras over 8 KB": (notify(f'"x":"{"y" * 8_300}"'), "invalid_incident"),
    "last of two actions": ('{"action":"ping","action":"nada"}', "unknown_action"),
}


@pytest.mark.parametrize(("text", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_message_is_refused_and_the_socket_stays_open(
    server: Server, text: str, code: str
) -> None:
    with WsClient(server.ws_url) as client:
        client.send_text(text)

        error = client.answer()

        assert (error["type"], error["code"]) == ("error", code)
        assert client.ping()["type"] == "pong"


ODD_BUT_GOOD = {
    "escaped NUL in a line": (r'"type":"a\u0000b"', {"type": "a b"}),
    "escaped NUL in prose": (r'"description":"a\u0000b"', {"description": "ab"}),
    "escaped NUL in an extra": (r'"x":"a\u0000b"', {"x": "a\x00b"}),
    "duplicate keys": ('"x":1,"x":2,"urgency":"high"', {"x": 2, "urgency": "high"}),
    "a surrogate pair": (r'"description":"\ud83d\ude00"', {"description": "\U0001f600"}),
    "4,000 digits": ('"x":' + "9" * 4_000, {"x": int("9" * 4_000)}),
    "a deep extra": ('"x":' + "[" * 150 + "]" * 150, {}),
    "a name of one space": ('" ":1', {" ": 1}),
    "an empty name": ('"":1', {"": 1}),
    "SQL": ('"description":"\'); DROP TABLE incidents; --"', {}),
    "minus zero": ('"x":-0', {"x": 0}),
    "null": ('"x":null', {"x": None}),
}


@pytest.mark.parametrize(("extra", "kept"), ODD_BUT_GOOD.values(), ids=ODD_BUT_GOOD.keys())
def test_odd_but_valid_json_is_stored_and_broadcast_unchanged(
    server: Server, extra: str, kept: dict[str, object]
) -> None:
    with WsClient(server.ws_url) as client:
        client.send_text(notify(f'{extra},"incidentId":"{(wanted := unique())}"'))

        ack = client.wait(lambda frame: frame.get("requestId") == "r")

        assert ack["type"] == "ack"
        told = client.wait_update(wanted)["incident"]
    shown = http_request("GET", f"{server.http_url}/incidents/{wanted}").json()["incident"]
    assert kept.items() <= told.items()
    assert shown == told


def test_a_message_of_200_kb_closes_the_socket_with_1009(server: Server) -> None:
    with WsClient(server.ws_url) as client:
        client.send_text(json.dumps({"action": "ping", "padding": "x" * 200_000}))

        assert client.wait_closed()[0] == 1009


def test_a_fragmented_message_of_200_kb_closes_the_socket_with_1009(server: Server) -> None:
    pieces = [frame(TEXT if n == 0 else CONTINUATION, b"x" * 20_000, fin=n == 9) for n in range(10)]
    with RawSocket(server.port) as raw:
        assert raw.handshake() == 101

        raw.send(b"".join(pieces))

        assert raw.read_close() == 1009


def test_a_binary_message_closes_the_socket_with_1003(server: Server) -> None:
    with RawSocket(server.port) as raw:
        assert raw.handshake() == 101

        raw.send_frame(BINARY, b'{"action":"ping"}')

        assert raw.read_close() == 1003


@pytest.mark.parametrize(
    "payload",
    [b'{"action":"\xff"}', b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf"],
    ids=["invalid byte", "cut short", "surrogate", "beyond Unicode", "overlong"],
)
def test_a_text_that_is_not_utf_8_closes_the_socket_with_1007(
    server: Server, payload: bytes
) -> None:
    with RawSocket(server.port) as raw:
        assert raw.handshake() == 101

        raw.send_frame(TEXT, payload)

        assert raw.read_close() == 1007


def test_a_thousand_bad_messages_in_a_row_are_all_refused(server: Server) -> None:
    with WsClient(server.ws_url) as client:
        for _ in range(1000):
            client.send_text("basura")

        assert client.ping()["type"] == "pong"
        client.wait(lambda _frame: len(client.frames) >= 1001)
    assert sum(frame.get("code") == "bad_json" for frame in client.frames) == 1000
