"""The service's log lines during a block, as the fields that Lambda's JSON logs have."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
Line = dict[str, Any]


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Line] = []

    def emit(self, record: logging.LogRecord) -> None:
        own = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        self.lines.append({"message": record.getMessage(), "level": record.levelname, **own})


@contextmanager
def captured() -> Iterator[list[Line]]:
    """Yield a list that gets every line of the service inside the block."""
    logger, handler = logging.getLogger("alerta_utec"), _Lines()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield handler.lines
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
