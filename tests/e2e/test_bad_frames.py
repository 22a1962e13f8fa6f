"""Frames against RFC 6455 over a real socket: the code of the close, and no harm to others."""

import pytest

from tests.e2e.raw import (
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    RawSocket,
    frame,
)
from tests.support.server import Server

pytestmark = pytest.mark.usefixtures("unharmed")

PING_TEXT = b'{"action":"ping"}'
PROTOCOL_ERROR = 1002
BROKEN = {
    "reserved bit": (frame(TEXT, PING_TEXT, rsv=4), PROTOCOL_ERROR),
    "reserved data opcode": (frame(0x3, b"x"), PROTOCOL_ERROR),
    "reserved control opcode": (frame(0xB, b"x"), PROTOCOL_ERROR),
    "fragmented ping": (frame(PING, b"x", fin=False), PROTOCOL_ERROR),
    "long ping": (frame(PING, b"x" * 126), PROTOCOL_ERROR),
    "continuation of nothing": (frame(CONTINUATION, b"x"), PROTOCOL_ERROR),
    "text inside a text": (frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"), PROTOCOL_ERROR),
    "close with half a code": (frame(CLOSE, b"\x03"), PROTOCOL_ERROR),
    "close with a reserved code": (frame(CLOSE, (1005).to_bytes(2)), PROTOCOL_ERROR),
    "close with code 0": (frame(CLOSE, (0).to_bytes(2)), PROTOCOL_ERROR),
    "close with a bad reason": (frame(CLOSE, (1000).to_bytes(2) + b"\xff"), 1007),
    "a huge length": (b"\x81\xff" + (1 << 62).to_bytes(8) + b"\0\0\0\0x", 1009),
}


@pytest.mark.parametrize(("data", "code"), BROKEN.values(), ids=BROKEN.keys())
def test_a_frame_against_the_protocol_closes_the_socket(
    server: Server, data: bytes, code: int
) -> None:
    with RawSocket(server.port) as raw:
        assert raw.handshake() == 101

        raw.send(data)

        assert raw.read_close() == code
        assert raw.is_ended()


def test_a_frame_without_a_mask_is_accepted(server: Server) -> None:
    """RFC 6455, section 5.1, asks to close: aiohttp does not look, and no proxy is misled."""
    with RawSocket(server.port) as raw:
        raw.handshake()

        raw.send(frame(TEXT, PING_TEXT, mask=False))

        opcode, payload = raw.read_frame()
        assert opcode == TEXT
        assert b'"pong"' in payload


def test_a_ping_frame_gets_its_pong(server: Server) -> None:
    with RawSocket(server.port) as raw:
        raw.handshake()

        raw.send_frame(PING, b"eco")

        assert raw.read_frame() == (PONG, b"eco")


def test_an_unsolicited_pong_is_ignored(server: Server) -> None:
    with RawSocket(server.port) as raw:
        raw.handshake()

        raw.send(frame(PONG, b"?") + frame(PING, b"eco"))

        assert raw.read_frame() == (PONG, b"eco")


def test_control_frames_between_fragments_are_answered(server: Server) -> None:
    with RawSocket(server.port) as raw:
        raw.handshake()

        raw.send(frame(TEXT, PING_TEXT[:5], fin=False) + frame(PING, b"eco"))

        assert raw.read_frame() == (PONG, b"eco")
        raw.send_frame(CONTINUATION, PING_TEXT[5:])
        opcode, payload = raw.read_frame()
        assert opcode == TEXT
        assert b'"pong"' in payload


@pytest.mark.parametrize("code", [1000, 1001, 3000, 4999])
def test_a_close_is_answered_with_its_own_code(server: Server, code: int) -> None:
    with RawSocket(server.port) as raw:
        raw.handshake()

        raw.send_frame(CLOSE, code.to_bytes(2) + "adiós".encode())

        assert raw.read_close() == code
        assert raw.is_ended()


def test_a_frame_sent_byte_by_byte_is_accepted(server: Server) -> None:
    with RawSocket(server.port) as raw:
        raw.handshake()

        for byte in frame(TEXT, PING_TEXT):
            raw.send(bytes((byte,)))

        opcode, payload = raw.read_frame()
        assert opcode == TEXT
        assert b'"pong"' in payload


def test_a_client_that_ends_its_sending_is_disconnected(server: Server) -> None:
    with RawSocket(server.port) as raw:
        raw.handshake()

        raw.end()

        assert raw.is_ended()


def test_half_a_frame_disturbs_no_other_client(server: Server) -> None:
    with RawSocket(server.port) as raw:
        raw.handshake()

        raw.send(frame(TEXT, PING_TEXT)[:7])
        raw.reset()
