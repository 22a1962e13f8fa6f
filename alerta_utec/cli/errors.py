"""How a command fails: with one line in Spanish, and what to do about it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

# The libraries of pyproject's [server] that the commands of a client do not need.
_SERVER_ONLY = frozenset({"apprise", "jwt", "uvloop", "yaml"})


class Failure(click.ClickException):
    """An expected failure, with its remedy; exit code 1."""


class UsageFailure(click.UsageError):
    """A mistake on the command line as two lines: the mistake, and how to get help."""

    def __init__(self, error: click.UsageError):
        if isinstance(error, click.BadParameter):
            error.param_hint = _name(error)
        super().__init__(" ".join(error.format_message().split()), error.ctx)

    def show(self, file: Any = None) -> None:
        """Print the two lines."""
        path = self.ctx.command_path if self.ctx else "alerta-utec"
        click.echo(f"Error: {self.message}\nAyuda: {path} --help", file=file, err=True)


def usage_error(message: str) -> click.UsageError:
    """Return the error for a mistake in the use of the running command."""
    return click.UsageError(message, click.get_current_context())


@contextmanager
def short_errors() -> Iterator[None]:
    """Shorten click's usage errors, and explain an import error of the server's libraries."""
    try:
        yield
    except click.UsageError as error:
        if type(error).show is not click.UsageError.show:
            raise  # Prints something else than a mistake, such as the help of a group.
        raise UsageFailure(error) from error
    except ModuleNotFoundError as error:
        if error.name not in _SERVER_ONLY:
            raise
        raise Failure(
            f"falta {error.name}: está instalado el cliente, y este comando es del servidor.\n"
            "Se instala con: pip install 'alerta-utec-realtime[server]'"
        ) from error


def _name(error: click.BadParameter) -> Sequence[str] | str | None:
    """Return the parameter's name without quotes, and the variable that can set it."""
    param = error.param
    if isinstance(error.param_hint, str) or param is None:
        return error.param_hint
    if not isinstance(param, click.Option):
        return param.metavar or param.name
    name = " o ".join(param.opts)
    return f"{name} (variable {param.envvar})" if param.show_envvar and param.envvar else name
