"""Reading a page of bounded length and size."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from alerta_utec.ports.incidents import PAGE_MAX_BYTES

Row = TypeVar("Row")


def take_page(
    rows: Iterable[Row], limit: int, size_bytes: Callable[[Row], int]
) -> tuple[list[Row], bool]:
    """Return up to ``limit`` rows until they have ``PAGE_MAX_BYTES``, and whether others follow.

    No further row is read than the one that shows that others follow.
    """
    taken: list[Row] = []
    left_bytes = PAGE_MAX_BYTES
    for row in rows:
        if len(taken) >= limit or left_bytes <= 0:
            return taken, True
        taken.append(row)
        left_bytes -= size_bytes(row)
    return taken, False
