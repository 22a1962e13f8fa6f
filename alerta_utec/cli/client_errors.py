"""The client's errors in Spanish, with what to do about them."""

from alerta_utec.cli.errors import Failure
from alerta_utec.cli.terminal import safe
from alerta_utec.client.errors import (
    ClientError,
    Disconnected,
    HandshakeRefused,
    NoAnswer,
    Refused,
    UnexpectedAnswer,
    Unreachable,
)

_UNAUTHORIZED = frozenset({401, 403})


def describe(error: ClientError) -> str:
    """Describe the error in a few words."""
    match error:
        case Refused():
            fields = [f"\n  {safe(field)}: {safe(problem)}" for field, problem in error.problems]
            return f"{safe(error.message)} ({safe(error.code)})" + "".join(fields)
        case HandshakeRefused():
            return f"el servidor no abrió la conexión (HTTP {error.status})"
        case UnexpectedAnswer():
            return f"lo que responde no habla este protocolo (HTTP {error.status})"
        case Disconnected():
            return f"la conexión se cortó ({safe(error)})"
        case NoAnswer():
            return f"el servidor no respondió en {safe(error)}"
        case _:
            return f"no hay conexión ({safe(error)})"


def failure(error: ClientError, url: str) -> Failure:
    """Return the failure that ends a command which asked the service at ``url``."""
    if isinstance(error, Refused):
        return Failure(f"rechazado: {describe(error)}")
    text = f"{safe(url)}: {describe(error)}."
    return Failure(f"{text}\n{_remedy(error)}")


def _remedy(error: ClientError) -> str:
    """Say what to do about the error."""
    match error:
        case Unreachable():
            return "¿Está en marcha? Se inicia con: alerta-utec serve (o make serve)"
        case HandshakeRefused() if error.status in _UNAUTHORIZED:
            return "Revise la dirección y la etapa (--url), y que tenga acceso."
        case HandshakeRefused() | UnexpectedAnswer():
            return "Revise la dirección y la etapa: ws://servidor:puerto/etapa (--url)."
        case _:
            return "Puede repetirlo: con la misma --key no se guarda dos veces."
