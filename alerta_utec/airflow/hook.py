"""The way from Airflow to the service: a connection's settings, and clients made of them."""

import json
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowFailException

from alerta_utec.airflow.provider import CONN_TYPE, HOOK_NAME, PATIENCE_S, TIMEOUT_S

if TYPE_CHECKING:
    from alerta_utec.client import AlertaUtec, ClientError, HttpClient, Refused

DEFAULT_CONN = "alerta_utec_default"
# Somebody waits before the form.
_TEST_PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the service is and how to speak to it, as a connection has it."""

    url: str
    token: str | None
    timeout_s: float
    patience_s: float

    @classmethod
    def of(cls, connection: Connection) -> "Settings":
        """Read a connection.

        Raises:
            ValueError: there is no address in it, or a time that is none.
        """
        url = connection.host or ""
        if not url.startswith(("http://", "https://")):
            raise ValueError(
                f"la conexión {connection.conn_id} necesita en «host» la dirección HTTP del "
                f"servicio, con http:// o https:// (tiene: {url or 'nada'})"
            )
        if connection.port:
            url = f"{url.rstrip('/')}:{connection.port}"
        # Not Airflow's own reading, which differs where asyncio runs, to hide secrets that are
        # none here.
        extra = json.loads(connection.extra or "{}")
        timeout_s = float(extra.get("timeout_s") or TIMEOUT_S)
        patience_s = float(extra.get("patience_s") or PATIENCE_S)
        return cls(url, connection.password or None, timeout_s, patience_s)


class AlertaUtecHook(BaseHook):
    """Clients of the service that a connection of type ``alerta_utec`` names.

    The connection's ``host`` is the address of the HTTP API, with its scheme; its ``password``
    the token, where the service asks for one.
    """

    conn_name_attr = "alerta_utec_conn_id"
    default_conn_name = DEFAULT_CONN
    conn_type = CONN_TYPE
    hook_name = HOOK_NAME

    def __init__(self, alerta_utec_conn_id: str = DEFAULT_CONN) -> None:
        super().__init__()
        self.alerta_utec_conn_id = alerta_utec_conn_id

    def get_conn(self) -> "AlertaUtec":
        """A client, to be closed: ``with hook.get_conn() as alerta: …``

        Raises:
            ValueError: the connection is not filled in.
        """
        return _client(Settings.of(self.get_connection(self.alerta_utec_conn_id)))

    async def asettings(self) -> Settings:
        """The connection's settings, for use where asyncio runs.

        Raises:
            ValueError: the connection is not filled in.
        """
        return Settings.of(await self.aget_connection(self.alerta_utec_conn_id))

    def test_connection(self) -> tuple[bool, str]:
        """Whether the service answers and takes the token, and what to tell who asked."""
        from alerta_utec.client import ClientError

        try:
            settings = Settings.of(self.get_connection(self.alerta_utec_conn_id))
            with _client(settings, patience_s=_TEST_PATIENCE_S) as alerta:
                position = alerta.health()["position"]
                me = alerta.me()
        except (ClientError, ValueError) as error:
            return False, explained(error)
        who = f"entra como {me['user']} ({me['role']})" if me["user"] else "sin inicio de sesión"
        return True, f"{settings.url} responde, en la posición {position}; {who}."


def http(settings: Settings) -> "AbstractAsyncContextManager[HttpClient]":
    """A client for use where asyncio runs."""
    from alerta_utec.client import http_client

    return http_client(settings.url, token=settings.token, timeout_s=settings.timeout_s)


def explained(error: "ClientError | ValueError") -> str:
    """What went wrong, with every problem that the service named, in one line."""
    from alerta_utec.client import Refused

    text = str(error) or type(error).__name__
    if isinstance(error, Refused) and error.problems:
        text += " (" + "; ".join(f"{field}: {problem}" for field, problem in error.problems) + ")"
    return text


def fail(error: "Refused") -> NoReturn:
    """Fail the task: for good where another try would be refused as well."""
    if error.retryable:
        raise error
    raise AirflowFailException(f"Alerta UTEC lo rechaza: {explained(error)}") from error


def _client(settings: Settings, *, patience_s: float | None = None) -> "AlertaUtec":
    # Whoever parses a DAG imports this module, and need not wait for an HTTP library.
    from alerta_utec.client import AlertaUtec

    return AlertaUtec(
        settings.url,
        token=settings.token,
        timeout_s=settings.timeout_s,
        patience_s=settings.patience_s if patience_s is None else patience_s,
    )
