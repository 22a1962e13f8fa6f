"""Log lines that go to a pipe, also one that no one reads."""

import logging
import os
import threading
import time
from collections.abc import Iterator

import pytest

from alerta_utec.adapters.event_log import CLOSE_TIMEOUT_S, DroppingHandler, EventFormatter

QUEUED_MAX_BYTES = 10_000


class Pipe:
    """A pipe and the handler that writes to it."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self.handler = DroppingHandler(self.writing, queued_max_bytes=QUEUED_MAX_BYTES)
        self.handler.setFormatter(EventFormatter())

    def log(self, event: str, **fields: object) -> None:
        record = logging.makeLogRecord({"levelname": "INFO", "msg": event, **fields})
        self.handler.handle(record)

    def read_all(self) -> list[str]:
        """Close the handler and return the lines that were written."""
        content = bytearray()

        def drain() -> None:
            while data := os.read(self.reading, 65536):
                content.extend(data)

        reader = threading.Thread(target=drain)
        reader.start()
        self.handler.close()
        os.close(self.writing)
        reader.join(10)
        return content.decode().splitlines()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.handler.close()
    os.close(made.reading)


def test_every_line_is_written_in_order(pipe: Pipe) -> None:
    for number in range(100):
        pipe.log("event", number=number)

    lines = pipe.read_all()

    assert [line.split(" ", 1)[1] for line in lines] == [
        f"INFO event number={number}" for number in range(100)
    ]


def test_a_pipe_that_no_one_reads_blocks_no_caller_and_the_lost_lines_are_counted(
    pipe: Pipe,
) -> None:
    logged = 3000
    for number in range(logged):
        pipe.log("event", number=number, text="x" * 100)
    pipe.log("last")

    lines = pipe.read_all()

    written = [line for line in lines if " event " in line or " last" in line]
    gaps = [int(line.partition("count=")[2]) for line in lines if "log_lines_dropped" in line]
    assert 0 < len(written) < logged
    assert sum(gaps) == logged + 1 - len(written)


def test_lines_are_written_again_after_a_gap(pipe: Pipe) -> None:
    for _ in range(3000):
        pipe.log("event", text="x" * 100)
    os.set_blocking(pipe.reading, False)
    deadline = time.monotonic() + 10
    read = b""
    while b"log_lines_dropped" not in read and time.monotonic() < deadline:
        try:
            read += os.read(pipe.reading, 65536)
        except BlockingIOError:
            threading.Event().wait(0.01)
    os.set_blocking(pipe.reading, True)

    pipe.log("after")

    assert any(line.endswith("INFO after") for line in pipe.read_all())


def test_flushing_waits_for_every_line(pipe: Pipe) -> None:
    pipe.log("event")

    pipe.handler.flush()

    assert os.read(pipe.reading, 65536).endswith(b" INFO event\n")


def test_closing_does_not_wait_for_a_reader_that_never_comes() -> None:
    pipe = Pipe()
    for _ in range(3000):
        pipe.log("event", text="x" * 100)
    began = time.monotonic()

    pipe.handler.close()

    assert time.monotonic() - began < CLOSE_TIMEOUT_S + 5
    pipe.read_all()
    os.close(pipe.reading)


def test_a_reader_that_has_gone_stops_nothing(pipe: Pipe) -> None:
    gone, pipe.reading = pipe.reading, os.open(os.devnull, os.O_RDONLY)
    os.close(gone)

    for _ in range(100):
        pipe.log("event")

    assert pipe.read_all() == []


def test_a_field_cannot_look_like_another_line(pipe: Pipe) -> None:
    pipe.log("event", reason="a\n2026-01-31T12:00:00.000Z INFO forged\x1b[2J\u202e", by="Ñandú")

    (line,) = pipe.read_all()

    assert line.endswith(r"reason=a\n2026-01-31T12:00:00.000Z INFO forged\x1b[2J\u202e by=Ñandú")
