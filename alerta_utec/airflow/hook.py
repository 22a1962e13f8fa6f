"""The hook: it reads an Airflow connection's settings and creates clients of the service."""

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
# A user is waiting at the connection form: keep this short.
_TEST_PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of an Airflow connection to the service."""

    url: str
    token: str | None
    timeout_s: float
    patience_s: float

    @classmethod
    def of(cls, connection: Connection) -> "Settings":
        """Read a connection.

        Raises:
            ValueError: the address is missing, or a time is not a number.
        """
        url = connection.host or ""
        if not url.startswith(("http://", "https://")):
            raise ValueError(
                f"la conexión {connection.conn_id} necesita en «host» la dirección HTTP del "
                f"servicio, con http:// o https:// (tiene: {url or 'nada'})"
            )
        if connection.port:
            url = f"{url.rstrip('/')}:{connection.port}"
        # Airflow's own property registers values as secrets, which differs where asyncio runs;
        # these fields hold no secrets.
        extra = json.loads(connection.extra or "{}")
        timeout_s = float(extra.get("timeout_s") or TIMEOUT_S)
        patience_s = float(extra.get("patience_s") or PATIENCE_S)
        return cls(url, connection.password or None, timeout_s, patience_s)


class AlertaUtecHook(BaseHook):
    """Clients of the service for an Airflow connection of type ``alerta_utec``.

    The connection's ``host`` is the address of the HTTP API, with its scheme; its ``password`` is
    the token, if the service requires one.
    """

    conn_name_attr = "alerta_utec_conn_id"
    default_conn_name = DEFAULT_CONN
    conn_type = CONN_TYPE
    hook_name = HOOK_NAME

    def __init__(self, alerta_utec_conn_id: str = DEFAULT_CONN) -> None:
        super().__init__()
        self.alerta_utec_conn_id = alerta_utec_conn_id

    def get_conn(self) -> "AlertaUtec":
        """Return a client, which the caller closes: ``with hook.get_conn() as alerta: …``

        Raises:
            ValueError: the connection has no address.
        """
        return _client(Settings.of(self.get_connection(self.alerta_utec_conn_id)))

    async def asettings(self) -> Settings:
        """Return the connection's settings, from code that runs in asyncio.

        Raises:
            ValueError: the connection has no address.
        """
        return Settings.of(await self.aget_connection(self.alerta_utec_conn_id))

    def test_connection(self) -> tuple[bool, str]:
        """Return whether the service answers and accepts the token, and a message for the user."""
        from alerta_utec.client import ClientError

        try:
            settings = Settings.of(self.get_connection(self.alerta_utec_conn_id))
            with _client(settings, patience_s=_TEST_PATIENCE_S) as alerta:
                position = alerta.health().get("position")
                me = alerta.me()
        except (ClientError, ValueError) as error:
            return False, explained(error)
        who = f"entra como {me['user']} ({me['role']})" if me["user"] else "sin inicio de sesión"
        # Where people sign in, the service shows no position here.
        at = f", en la posición {position}" if position else ""
        return True, f"{settings.url} responde{at}; {who}."


def http(settings: Settings) -> "AbstractAsyncContextManager[HttpClient]":
    """Create a client for code that runs in asyncio."""
    from alerta_utec.client import http_client

    return http_client(settings.url, token=settings.token, timeout_s=settings.timeout_s)


def explained(error: "ClientError | ValueError") -> str:
    """Return the error's text with every problem that the service named, on one line."""
    from alerta_utec.client import Refused

    text = str(error) or type(error).__name__
    if isinstance(error, Refused) and error.problems:
        text += " (" + "; ".join(f"{field}: {problem}" for field, problem in error.problems) + ")"
    return text


def fail(error: "Refused") -> NoReturn:
    """Fail the task; skip its retries if the service would refuse them as well."""
    if error.retryable:
        raise error
    raise AirflowFailException(f"Alerta UTEC lo rechaza: {explained(error)}") from error


def _client(settings: Settings, *, patience_s: float | None = None) -> "AlertaUtec":
    # Airflow imports this module to parse DAGs, which should not load an HTTP library.
    from alerta_utec.client import AlertaUtec

    return AlertaUtec(
        settings.url,
        token=settings.token,
        timeout_s=settings.timeout_s,
        patience_s=settings.patience_s if patience_s is None else patience_s,
    )
