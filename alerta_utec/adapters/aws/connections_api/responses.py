"""Reading one HTTP/1.1 answer off a socket: its status, and no more of it than must be."""

import re
import socket
import time
from dataclasses import dataclass

_READ_BYTES = 16 * 1024
_MAX_BYTES = 64 * 1024
_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([2-5]\d\d)[ \r]")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)
# A body that has no length, and a connection that ends with it.
_LAST = re.compile(rb"\r\n(transfer-encoding:|connection:[ \t]*close)", re.IGNORECASE)
_ERROR_TYPE = re.compile(rb"\r\nx-amzn-errortype:[ \t]*([\w.]{1,80})", re.IGNORECASE)
_NO_CONTENT = 204


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and AWS's name of the error where it gave one."""

    status: int
    error: str = ""


class ClosedEarly(Exception):
    """The connection was closed before there was an answer."""


def read_answer(connection: socket.socket, timeout_s: float) -> tuple[Answer, bool]:
    """The next answer, all of it within ``timeout_s``, and whether another may follow it.

    Bodies are read only to be rid of them; where that takes long, or they have no length, no
    other answer may follow.

    Raises:
        ClosedEarly, OSError.
        ValueError: it is no answer of HTTP/1.1.
    """
    deadline_s = time.monotonic() + timeout_s
    data = b""
    while (end := data.find(b"\r\n\r\n")) < 0:
        if len(data) > _MAX_BYTES:
            raise ValueError("too long a head")
        more = _read(connection, deadline_s)
        if not more:
            raise ClosedEarly
        data += more
    head = data[: end + 2]
    line = _STATUS_LINE.match(head)
    if line is None:
        raise ValueError("no HTTP/1.1")
    error = _ERROR_TYPE.search(head)
    answer = Answer(int(line[1]), error[1].decode() if error else "")
    left = _body_bytes(answer.status, head)
    if left is None:
        return answer, False
    return answer, _is_read(connection, left - (len(data) - end - 4), deadline_s)


def _body_bytes(status: int, head: bytes) -> int | None:
    """How long the body is; none where that is not said, or it is too long to be read."""
    if _LAST.search(head):
        return None
    if status == _NO_CONTENT:
        return 0
    length = _LENGTH.search(head)
    return int(length[1]) if length and int(length[1]) <= _MAX_BYTES else None


def _is_read(connection: socket.socket, left: int, deadline_s: float) -> bool:
    """Read what is left of a body; whether it is that long and no longer."""
    try:
        while left > 0:
            more = _read(connection, deadline_s)
            if not more:
                return False
            left -= len(more)
    except OSError:
        return False
    return left == 0


def _read(connection: socket.socket, deadline_s: float) -> bytes:
    left_s = deadline_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    connection.settimeout(left_s)
    return connection.recv(_READ_BYTES)
