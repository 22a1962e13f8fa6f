"""The progress of a long command, on a terminal."""

import sys
from collections.abc import Callable

import click


def percent() -> Callable[[int, int], None] | None:
    """Return a function that shows the progress on a terminal; ``None`` without a terminal."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        end = "\n" if done >= total else ""
        click.echo(f"\r{100 * done // max(total, 1):3d} %{end}", nl=False, err=True)

    return show
