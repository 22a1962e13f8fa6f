"""Printing a result when an output cannot take it: a full disk, or a closed pipe."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from alerta_utec.cli.errors import Failure

UNWRITABLE = frozenset({errno.EIO, errno.ENOSPC, errno.EPIPE, errno.EDQUOT, errno.EFBIG})


def try_to_show(text: str, *, err: bool = False) -> str | None:
    """Print on standard output, or on standard error; return why it cannot be written, if so.

    A failure discards what is printed there from then on.
    """
    try:
        click.echo(text, err=err)
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        discard_output(err=err)
        return error.strerror
    return None


def show_stored(text: str, stored: str) -> None:
    """Print the result of a command that has stored something.

    If it cannot be printed, say on standard error what is ``stored`` and end well: a script that
    saw a failure would repeat the command, and store it twice.
    """
    reason = try_to_show(text)
    if reason is not None:
        warn_unshown(stored, reason)


def warn_unshown(stored: str, reason: str) -> None:
    """Say on standard error that something is ``stored``, and why it could not be shown."""
    try_to_show(f"Aviso: {stored}, pero no se pudo mostrar: {reason}.", err=True)


@contextmanager
def writable_output() -> Iterator[None]:
    """Explain in one line that the output cannot be written.

    click itself ends quietly when the reader of a pipe has gone (EPIPE).

    Raises:
        Failure.
    """
    try:
        yield
    except OSError as error:
        if error.errno == errno.EPIPE or error.errno not in UNWRITABLE:
            raise
        discard_output()
        raise Failure(f"no se pudo escribir la salida: {error.strerror}.") from error


def discard_output(*, err: bool = False) -> None:
    """Send what is still buffered nowhere: the interpreter writes it at its end, and would fail.

    See Python's documentation of the signal module, "Note on SIGPIPE".
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, (sys.stderr if err else sys.stdout).fileno())
    os.close(nowhere)
