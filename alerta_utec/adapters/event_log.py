"""The log of the local server: one line an event, written without ever blocking the server.

Standard error can be a pipe without a reader, or a terminal that was stopped with Ctrl-S. A write
would then block for good, in the event loop or in a thread that others wait for. So lines go
through a bounded queue to a thread of their own; lines that do not fit are dropped and counted.
"""

import logging
import os
import sys
import threading
import time
from collections import deque
from datetime import UTC, datetime

# The limit of the queue; one write of this size can be under way as well.
QUEUED_MAX_BYTES = 4 * 1024 * 1024
# The wait of a batch's first line for others: one system call writes them all.
GATHER_S = 0.02
# The longest wait of the ending process for lines that are still queued.
CLOSE_TIMEOUT_S = 1.0
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class EventFormatter(logging.Formatter):
    """The format of an event: ``2026-01-31T12:00:00.000Z INFO broadcast attempted=2 …``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and a traceback if the record has one."""
        moment = datetime.fromtimestamp(record.created, UTC)
        stamp = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fields = [f"{k}={v}" for k, v in vars(record).items() if k not in _STANDARD]
        line = " ".join([stamp, record.levelname, record.getMessage(), *fields])
        if not line.isprintable():
            # A text from outside must not look like a line of its own, nor steer a terminal.
            line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
        return line if not record.exc_info else f"{line}\n{self.formatException(record.exc_info)}"


class DroppingHandler(logging.Handler):
    """A handler that writes lines in a thread of its own, and drops them when it lags behind.

    After a gap, one line ``log_lines_dropped count=…`` says how many are missing.
    """

    def __init__(self, descriptor: int, *, queued_max_bytes: int = QUEUED_MAX_BYTES) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._queued_max_bytes = queued_max_bytes
        self._lines: deque[bytes] = deque()
        self._queued_bytes = 0
        self._dropped = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._write_lines, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the record's line; called by ``logging`` with this handler's lock."""
        try:
            line = f"{self.format(record)}\n".encode("utf-8", "backslashreplace")
        except Exception:
            self.handleError(record)
            return
        with self._changed:
            if self._queued_bytes + len(line) > self._queued_max_bytes:
                self._dropped += 1
                return
            self._lines.append(line)
            self._queued_bytes += len(line)
            if len(self._lines) == 1:
                self._changed.notify()

    def flush(self) -> None:
        """Wait a moment until every queued line is written."""
        with self._changed:
            self._changed.wait_for(lambda: not self._queued_bytes, CLOSE_TIMEOUT_S)

    def close(self) -> None:
        """Wait a moment for the queued lines, and stop; repeating is harmless."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(CLOSE_TIMEOUT_S)
        super().close()

    def _write_lines(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._dropped or self._closed)
                if not self._lines and not self._dropped:
                    return
                closed = self._closed
            if not closed:
                time.sleep(GATHER_S)
            batch, size = self._take()
            self._write(batch)
            with self._changed:
                # Only now, so that queue and write together stay under the bound.
                self._queued_bytes -= size
                self._changed.notify_all()

    def _take(self) -> tuple[bytes, int]:
        with self._changed:
            batch = b"".join(self._lines)
            self._lines.clear()
            dropped, self._dropped = self._dropped, 0
        size = len(batch)
        if dropped:
            record = logging.makeLogRecord(
                {"levelname": "WARNING", "msg": "log_lines_dropped", "count": dropped}
            )
            batch += f"{self.format(record)}\n".encode()
        return batch, size

    def _write(self, batch: bytes) -> None:
        # Not through sys.stderr: a thread that waits with its lock would keep the interpreter
        # from ending.
        while batch:
            try:
                batch = batch[os.write(self._descriptor, batch) :]
            except BlockingIOError:
                time.sleep(GATHER_S)  # another process shares the descriptor, and made it so
            except OSError:
                return  # the reader has gone, and the failure cannot be logged


def configure() -> DroppingHandler:
    """Send the service's events to standard error, and only failures of its libraries.

    Returns:
        The handler; flush it before something else is written there.
    """
    handler = DroppingHandler(sys.stderr.fileno())
    handler.setFormatter(EventFormatter())
    # The format uses none of these fields, so records need not compute them (Python's logging
    # HOWTO, "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("alerta_utec").setLevel(logging.INFO)
    # It warns of every client that offers a subprotocol which $connect does not select.
    logging.getLogger("aiohttp.websocket").setLevel(logging.ERROR)
    return handler
