"""How the commands of a family ask the service, and the options that they share."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from alerta_utec import wire
from alerta_utec.cli.client_errors import failure
from alerta_utec.cli.options import as_json, http_url, token
from alerta_utec.cli.output import show_stored
from alerta_utec.cli.terminal import safe
from alerta_utec.client import AlertaUtec, ClientError

Function = TypeVar("Function", bound=Callable[..., Any])
Rest = ParamSpec("Rest")
Result = TypeVar("Result")

_FILTERS = (
    ("--urgency", False, "Solo esas urgencias, con comas."),
    ("--status", False, "Solo esos estados, con comas."),
    ("--type", True, "Solo de ese tipo; se repite."),
    ("--location", True, "Solo de ese lugar; se repite."),
)


@dataclass(frozen=True)
class Service:
    """The service that a command asks, and the format in which the command prints the answer."""

    url: str
    token: str | None
    as_json: bool

    def ask(self, request: Callable[[AlertaUtec], Result]) -> Result:
        """Return the service's answer to ``request``.

        Raises:
            Failure: the service refuses the request, or does not answer.
        """
        try:
            with AlertaUtec(self.url, token=self.token, patience_s=0) as alerta:
                return request(alerta)
        except ClientError as error:
            raise failure(error, self.url) from error

    def show(self, answer: Mapping[str, Any], text: str) -> None:
        """Print an answer, as JSON or as text."""
        click.echo(self.written(answer, text))

    def show_stored(self, answer: Mapping[str, Any], text: str, stored: str) -> None:
        """Print the answer to a change; that it cannot be printed is no failure of the change."""
        show_stored(self.written(answer, text), stored)

    def written(self, answer: Mapping[str, Any], text: str) -> str:
        """Return an answer in the command's format."""
        return safe(wire.encode(answer)) if self.as_json else text

    def show_all(
        self,
        answers: Sequence[Mapping[str, Any]],
        to_text: Callable[[Mapping[str, Any]], str],
        empty: str,
    ) -> None:
        """Print each of several answers, or ``empty`` if there are none."""
        for answer in answers:
            self.show(answer, to_text(answer))
        if not answers and not self.as_json:
            click.echo(empty, err=True)


def with_service(command: Callable[Concatenate[Service, Rest], None]) -> Callable[..., None]:
    """Add the options that name the service; the command gets it as its first argument."""

    @http_url
    @token
    @as_json
    @functools.wraps(command)
    def called(
        url: str,
        token: str | None,
        as_json: bool,
        *args: Rest.args,
        **kwargs: Rest.kwargs,
    ) -> None:
        command(Service(url, token, as_json), *args, **kwargs)

    return called


def with_filter(command: Function) -> Function:
    """Add the options of a filter."""
    for name, many, text in reversed(_FILTERS):
        shown = "TEXTO" if many else "VALORES"
        command = click.option(name, multiple=many, metavar=shown, help=text)(command)
    return command


def filter_of(options: Mapping[str, str | tuple[str, ...] | None]) -> dict[str, list[str]] | None:
    """Return the filter that the options make; None if no option is given."""
    given = {
        name: value.split(",") if isinstance(value, str) else list(value)
        for name, value in options.items()
        if value is not None and value != ()
    }
    if not given:
        return None
    filled = {name: [value for value in values if value.strip()] for name, values in given.items()}
    return {name: values for name, values in filled.items() if values}
