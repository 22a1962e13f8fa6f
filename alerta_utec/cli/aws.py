"""The options and the errors of commands that work on a stack on AWS."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from alerta_utec.cli.errors import Failure
from alerta_utec.cli.param_types import Stage
from alerta_utec.cli.terminal import safe
from alerta_utec.domain.errors import AlertaError, NotFound, Unauthorized, Unavailable

SERVICE = "alerta-utec-realtime"
Built = TypeVar("Built")
Function = TypeVar("Function", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--stage", type=Stage(), default="dev", show_default=True, help="Etapa desplegada."
    ),
    click.option("--stack", metavar="NOMBRE", help=f"Pila; por defecto, {SERVICE}-ETAPA."),
    click.option("--region", metavar="REGIÓN", help="Región; por defecto, la de la configuración."),
)


def stack_options(function: Function) -> Function:
    """Add ``--stage``, ``--stack`` and ``--region`` to a command."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def stack_name(stage: str, stack: str | None) -> str:
    """Return the name of the stack that the options choose."""
    return stack or f"{SERVICE}-{stage}"


def with_sdk(build: Callable[[], Built]) -> Built:
    """Call ``build``, which imports AWS's SDK.

    Raises:
        Failure: the SDK is not installed.
    """
    try:
        return build()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"boto3", "botocore"}:
            raise
        raise Failure(
            "falta boto3, la biblioteca de AWS, que el servidor no necesita.\n"
            "Se instala con: .venv/bin/pip install boto3"
        ) from error


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn an error about the stack ``name`` into the command's failure.

    Raises:
        Failure.
    """
    try:
        yield
    except AlertaError as error:
        raise Failure(_describe(error, name)) from error


def _describe(error: AlertaError, name: str) -> str:
    match error:
        case Unauthorized():
            return f"AWS no acepta las credenciales ({safe(error)}). ¿aws configure, o AWS_PROFILE?"
        case NotFound():
            return f"no hay una pila así ({safe(error)}). Revise --stage, --stack y --region."
        case Unavailable():
            return f"AWS no responde ahora ({safe(error)}); puede repetirse."
        case _:
            return (
                f"AWS lo rechazó ({safe(error)}): revise los permisos sobre la pila {safe(name)}."
            )
