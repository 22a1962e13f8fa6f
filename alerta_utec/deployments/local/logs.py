"""Log lines of the local server: an event and its fields."""

import logging
import sys
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class EventFormatter(logging.Formatter):
    """``2026-01-31T12:00:00.000Z INFO broadcast attempted=2 …``, one line an event."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and a traceback where there is one."""
        moment = datetime.fromtimestamp(record.created, UTC)
        stamp = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fields = [f"{k}={v}" for k, v in vars(record).items() if k not in _STANDARD]
        line = " ".join([stamp, record.levelname, record.getMessage(), *fields])
        return line if not record.exc_info else f"{line}\n{self.formatException(record.exc_info)}"


def configure() -> None:
    """Send the service's events to standard error, and only failures of its libraries."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(EventFormatter())
    # No line tells of them, so that no record need find them out (Python's logging HOWTO,
    # "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("alerta_utec").setLevel(logging.INFO)
    # It warns of every client that offers a subprotocol which $connect does not select.
    logging.getLogger("aiohttp.websocket").setLevel(logging.ERROR)
