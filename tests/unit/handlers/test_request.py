"""``Request``: bodies and headers as either gateway passes them."""

import base64
import gzip
import zlib
from collections.abc import Callable

import pytest

from alerta_utec import wire
from alerta_utec.domain.errors import BadJson, InvalidRequest, TooLarge
from alerta_utec.handlers.request import Request


def request(body: bytes, coding: str) -> Request:
    encoded = base64.b64encode(body).decode()
    headers = {"content-encoding": coding}
    return Request({"body": encoded, "isBase64Encoded": True, "headers": headers})


@pytest.mark.parametrize(
    ("coding", "pack"),
    [("gzip", gzip.compress), (" GZip", gzip.compress), ("deflate", zlib.compress)]
    + [(coding, bytes) for coding in ("gzip", "deflate", "br", "\xe9", "")],
)
def test_a_body_is_read_from_its_coding_or_as_it_is(
    coding: str, pack: Callable[[bytes], bytes]
) -> None:
    assert request(pack(b' {"a":1}'), coding).json() == {"a": 1}


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", ""])
@pytest.mark.parametrize(
    "body",
    [b"\x1f\x8b", gzip.compress(b'{"a":1}', mtime=0)[:-12], b"\xff"],
    ids=["beginning", "cut", "noise"],
)
def test_a_body_in_a_broken_coding_is_bad_json(coding: str, body: bytes) -> None:
    with pytest.raises(BadJson):
        request(body, coding).json()


def test_a_body_that_unpacks_to_more_than_a_message_is_too_large() -> None:
    fits = b'{"a":"' + b"x" * (wire.MESSAGE_MAX_BYTES - 8) + b'"}'

    assert request(gzip.compress(fits), "gzip").json()
    with pytest.raises(TooLarge):
        request(gzip.compress(fits + b" "), "gzip").json()


@pytest.mark.parametrize("text", ["\udce9", "a\ud800", "\udc00b"])
def test_a_text_with_a_lone_surrogate_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        wire.optional_text({"key": text}, "key", wire.KEY_MAX)
