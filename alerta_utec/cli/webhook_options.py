"""What the commands of ``alerta-utec webhooks`` have in common."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

from alerta_utec import wire
from alerta_utec.cli.options import as_json, http_url, token
from alerta_utec.cli.terminal import safe

if TYPE_CHECKING:
    from alerta_utec.client.webhooks import Webhooks

Command = TypeVar("Command", bound=Callable[..., Any])
Given = ParamSpec("Given")
Result = TypeVar("Result")

_FILTERS = (
    ("--urgency", False, "Solo esas urgencias, con comas."),
    ("--status", False, "Solo esos estados, con comas."),
    ("--type", True, "Solo de ese tipo; se repite."),
    ("--location", True, "Solo de ese lugar; se repite."),
)
webhook_id = click.argument("webhook_id", metavar="ID")
webhook_description = click.option("--description", metavar="TEXTO", help="Para qué es.")
webhook_secret = click.option(
    "--secret",
    envvar="ALERTA_WEBHOOK_SECRET",
    metavar="SECRETO",
    show_envvar=True,
    help="Uno propio: whsec_ y de 24 a 64 bytes en base64. Mejor en la variable.",
)


@dataclass(frozen=True)
class Service:
    """The service that a command speaks to, and how it is to tell what it hears."""

    url: str
    token: str | None
    as_json: bool

    def ask(self, request: "Callable[[Webhooks], Result]") -> Result:
        """What the service answers.

        Raises:
            Failure: it does not, or says no.
        """
        from alerta_utec.cli.failures import failure
        from alerta_utec.client import AlertaUtec, ClientError

        try:
            with AlertaUtec(self.url, token=self.token, patience_s=0) as alerta:
                return request(alerta.webhooks)
        except ClientError as error:
            raise failure(error, self.url) from error

    def tell(self, answer: Mapping[str, Any], words: str) -> None:
        """Print an answer."""
        click.echo(safe(wire.encode(answer)) if self.as_json else words)

    def tell_all(
        self,
        answers: Sequence[Mapping[str, Any]],
        words: Callable[[Mapping[str, Any]], str],
        none: str,
    ) -> None:
        """Print each of several answers."""
        for answer in answers:
            self.tell(answer, words(answer))
        if not answers and not self.as_json:
            click.echo(none, err=True)


def of_service(command: Callable[Concatenate[Service, Given], None]) -> Callable[..., None]:
    """Add the options that name the service; the command gets it before anything else."""

    @http_url
    @token
    @as_json
    @functools.wraps(command)
    def called(
        url: str, token: str | None, as_json: bool, *args: Given.args, **kwargs: Given.kwargs
    ) -> None:
        command(Service(url, token, as_json), *args, **kwargs)

    return called


def filtered(command: Command) -> Command:
    """Add the options of a filter."""
    for name, many, text in reversed(_FILTERS):
        shown = "TEXTO" if many else "VALORES"
        command = click.option(name, multiple=many, metavar=shown, help=text)(command)
    return command


def filter_of(options: Mapping[str, str | tuple[str, ...] | None]) -> dict[str, list[str]] | None:
    """The filter that the options make; none where none of them is given."""
    given = {
        name: value.split(",") if isinstance(value, str) else list(value)
        for name, value in options.items()
        if value is not None and value != ()
    }
    if not given:
        return None
    filled = {name: [value for value in values if value.strip()] for name, values in given.items()}
    return {name: values for name, values in filled.items() if values}
