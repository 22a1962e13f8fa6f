"""Click in Spanish: headings, the help's small print and the errors of use."""

import functools
import io
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click

_HEADINGS = {"Options": "Opciones", "Commands": "Órdenes", "Positional arguments": "Argumentos"}
_SMALL_PRINT = {
    "Show this message and exit.": "Muestra esta ayuda.",
    "[env var: ": "[variable: ",
    "; env var: ": "; variable: ",
    "; default: ": "; por omisión: ",
    "[default: ": "[por omisión: ",
}
# What pyproject's [server] brings and the commands of a client do without.
_SERVER_ONLY = frozenset({"apprise", "jwt", "uvloop", "yaml"})
Result = TypeVar("Result")


class SpanishFormatter(click.HelpFormatter):
    """Help pages with Spanish headings."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """The line that starts with ``Uso:``."""
        args = args.replace("OPTIONS", "OPCIONES").replace("COMMAND", "ORDEN")
        super().write_usage(prog, args, prefix or "Uso: ")

    def write_heading(self, heading: str) -> None:
        """The name of a section."""
        super().write_heading(_HEADINGS.get(heading, heading))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """A table of terms and what they mean."""
        super().write_dl([(term, _small_print(text)) for term, text in rows], col_max, col_spacing)


class SpanishUsage(click.UsageError):
    """A mistake in the use of the command line: one line, and where the help is."""

    def __init__(self, error: click.UsageError):
        super().__init__(_message(error), error.ctx)

    def show(self, file: Any = None) -> None:
        """Print it."""
        path = self.ctx.command_path if self.ctx else "alerta-utec"
        click.echo(f"Error: {self.format_message()}\nAyuda: {path} --help", file=file, err=True)


class Failure(click.ClickException):
    """A failure that was to be expected, in Spanish and with the way out; exit code 1."""

    def show(self, file: Any = None) -> None:
        """Print it."""
        click.echo(f"Error: {self.format_message()}", file=file, err=True)


class _Context(click.Context):
    formatter_class = SpanishFormatter


class SpanishCommand(click.Command):
    """A command whose help is in Spanish."""

    context_class = _Context


class SpanishGroup(click.Group):
    """A group of them; errors of use in any of its commands come out in Spanish."""

    context_class = _Context
    command_class = SpanishCommand

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the group's own arguments."""
        _never_fail_to_print()
        return _translated(functools.partial(super().make_context, *args, **kwargs))

    def invoke(self, ctx: click.Context) -> Any:
        """Parse the command's arguments and run it."""
        return _translated(functools.partial(super().invoke, ctx))


SpanishGroup.group_class = SpanishGroup


def usage(message: str) -> click.UsageError:
    """A mistake in the use of the running command."""
    return click.UsageError(message, click.get_current_context())


def _never_fail_to_print() -> None:
    """Escape what the terminal's encoding lacks, help pages included."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _translated(run: Callable[[], Result]) -> Result:
    try:
        return run()
    except (SpanishUsage, click.exceptions.NoArgsIsHelpError):
        raise
    except click.UsageError as error:
        raise SpanishUsage(error) from error
    except (click.Abort, EOFError, KeyboardInterrupt) as error:
        raise Failure("cancelado.") from error
    except ModuleNotFoundError as error:
        if error.name not in _SERVER_ONLY:
            raise
        raise Failure(
            f"falta {error.name}: está instalado el cliente, y esta orden es del servidor.\n"
            "Se instala con: pip install 'alerta-utec-realtime[server]'"
        ) from error


def _small_print(text: str) -> str:
    for english, spanish in _SMALL_PRINT.items():
        text = text.replace(english, spanish)
    return text


def _message(error: click.UsageError) -> str:
    match error:
        case click.NoSuchOption():
            return f"no existe la opción {error.option_name}." + _hint(error.possibilities)
        case click.exceptions.NoSuchCommand():
            return f"no existe la orden {error.command_name}." + _hint(error.possibilities)
        case click.MissingParameter():
            return f"falta {_name(error)}."
        case click.BadParameter():
            return f"valor no válido para {_name(error)}: {error.message}"
        case click.BadOptionUsage() if "requires an argument" in error.message:
            return f"la opción {error.option_name} necesita un valor."
        case click.BadOptionUsage():
            return f"la opción {error.option_name} no lleva valor."
    if error.message == "Missing command.":
        return "falta la orden."
    if error.message.startswith("Got unexpected extra argument"):
        _, _, extra = error.message.partition("(")
        return f"sobra lo siguiente: {extra.rstrip(')')}"
    return error.message


def _name(error: click.BadParameter) -> str:
    hint = error.param_hint
    if hint is None and error.param is not None:
        hint = error.param.get_error_hint(error.ctx)
    name = hint if isinstance(hint, str) else " o ".join(hint or ())
    return name.replace("'", "").replace("env var:", "variable")


def _hint(possibilities: Sequence[str] | None) -> str:
    return f" ¿Quiso decir {' o '.join(possibilities)}?" if possibilities else ""
