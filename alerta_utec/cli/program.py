"""The kinds of command that the command line consists of, with Spanish help."""

import io
import sys
from typing import Any

import click

from alerta_utec.cli.errors import short_errors
from alerta_utec.cli.output import writable_output
from alerta_utec.cli.translation import in_spanish

_OPTIONS = "[OPCIONES]"


class _SpanishHelp(click.Command):
    """A command whose ``--help`` is in Spanish, also when another program asks for its options.

    click makes the option once, and keeps its text.
    """

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the option ``--help``."""
        with in_spanish():
            return super().get_help_option(ctx)


class Command(_SpanishHelp):
    """A command."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **{"options_metavar": _OPTIONS, **kwargs})


class Group(_SpanishHelp, click.Group):
    """A command that has subcommands."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any):
        metavars = {"options_metavar": _OPTIONS, "subcommand_metavar": "COMANDO [ARGUMENTOS]..."}
        super().__init__(*args, **{**metavars, **kwargs})


class Program(Group):
    """The group at the top: it sets the language and prints every error in short."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line."""
        _escape_unprintable()
        with in_spanish():
            return super().main(*args, **kwargs)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the program's own arguments."""
        with short_errors(), writable_output():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Parse the arguments of the chosen command and run it."""
        with short_errors(), writable_output():
            return super().invoke(ctx)


Group.group_class = Group


def _escape_unprintable() -> None:
    """Escape the characters that the terminal's encoding lacks, also in help pages."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
