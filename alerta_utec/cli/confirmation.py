"""The question before a command that replaces what is stored."""

import click

from alerta_utec.cli.errors import Failure

_YES = frozenset({"s", "si", "sí", "y", "yes"})


def require_yes(question: str) -> None:
    """Ask, and go on only after a yes.

    Raises:
        Failure: the answer is another one, or there is none.
    """
    answer = click.prompt(f"{question} (s/N)", default="", show_default=False, err=True)
    if answer.strip().casefold() not in _YES:
        raise Failure("cancelado.")
