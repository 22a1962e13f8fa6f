"""Printing a result when standard output cannot take it: a full disk, or a closed pipe."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from alerta_utec.cli.errors import Failure

UNWRITABLE = frozenset({errno.EIO, errno.ENOSPC, errno.EPIPE, errno.EDQUOT, errno.EFBIG})


def show_stored(text: str, stored: str) -> None:
    """Print the result of a command that has stored something.

    If it cannot be printed, say on standard error what is ``stored`` and end well: a script that
    saw a failure would repeat the command, and store it twice.
    """
    try:
        click.echo(text)
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        discard_output()
        click.echo(f"Aviso: {stored}, pero no se pudo mostrar: {error.strerror}.", err=True)


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


def discard_output() -> None:
    """Send what is still buffered nowhere: the interpreter writes it at its end, and would fail.

    See Python's documentation of the signal module, "Note on SIGPIPE".
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
