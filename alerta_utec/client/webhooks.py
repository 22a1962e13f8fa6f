"""Webhooks, for programs without asyncio: who is told over HTTP, of what, and what failed."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from alerta_utec import wire
from alerta_utec.client.errors import UnexpectedAnswer
from alerta_utec.client.retrying import Retrying, Tries

# The service waits for a receiver for 15 s.
TEST_S = 25.0
Webhook = dict[str, Any]


class Webhooks:
    """``alerta.webhooks``: of a service where one may manage them (``autoridad``).

    A webhook is ``{webhookId, url, description, filter, state, createdAt, oldSecretUntil?}``, as
    in the protocol. What would do something else the second time (``add``, ``rotate``, ``test``)
    is tried once: after a failure other than ``Refused`` it is not known whether it was done.

    Every method raises ``Refused`` where the service says no, and otherwise ``ClientError``.
    """

    def __init__(self, http: Retrying, tries: Callable[[], Tries]) -> None:
        self._http = http
        self._tries = tries

    def all(self) -> list[Webhook]:
        """Every webhook, the oldest first."""
        return _list(self._request("GET"), "webhooks")

    def add(
        self,
        url: str,
        *,
        filter: Mapping[str, Any] | None = None,
        description: str | None = None,
        secret: str | None = None,
    ) -> Webhook:
        """A new one, with its ``secret``, which is told now and never again.

        ``filter`` as in ``subscribe``; ``secret`` is made by the service unless given.
        """
        asked = {"url": url, "filter": filter, "description": description, "secret": secret}
        return self._request("POST", body=asked, tries=Tries(0))

    def get(self, webhook_id: str) -> Webhook:
        """One webhook."""
        return self._request("GET", webhook_id)

    def change(
        self,
        webhook_id: str,
        *,
        url: str | None = None,
        filter: Mapping[str, Any] | None = None,
        description: str | None = None,
        state: str | None = None,
    ) -> Webhook:
        """The webhook with these fields changed; ``state`` is ``active`` or ``paused``."""
        asked = {"url": url, "filter": filter, "description": description, "state": state}
        return self._request("PATCH", webhook_id, body=asked)

    def remove(self, webhook_id: str) -> None:
        """Forget it, and what it is owed."""
        self._request("DELETE", webhook_id)

    def rotate(self, webhook_id: str, *, secret: str | None = None) -> Webhook:
        """The webhook with its new ``secret``; the one before signs on for 24 hours."""
        asked = {"secret": secret}
        return self._request("POST", webhook_id, "secret", body=asked, tries=Tries(0))

    def failures(self, webhook_id: str) -> list[dict[str, Any]]:
        """What it was not told of in the end, the newest first."""
        return _list(self._request("GET", webhook_id, "failures"), "failures")

    def retry(self, webhook_id: str) -> int:
        """Have all that it has not got sent now; how many changes that are."""
        return int(self._request("POST", webhook_id, "retry").get("owed", 0))

    def test(self, webhook_id: str) -> dict[str, Any]:
        """Have a test event sent at once: ``{ok, status?, reason?, ms}``."""
        return self._request("POST", webhook_id, "test", tries=Tries(0, try_s=TEST_S))

    def _request(
        self,
        method: str,
        *path: str,
        body: Mapping[str, Any] | None = None,
        tries: Tries | None = None,
    ) -> dict[str, Any]:
        given = {name: value for name, value in (body or {}).items() if value is not None}
        return self._http.request(
            method,
            "/".join(["webhooks", *(quote(part, safe="") for part in path)]),
            tries or self._tries(),
            content=None if body is None else wire.encode(given).encode(),
        )


def _list(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = body.get(name)
    if not isinstance(found, list):
        raise UnexpectedAnswer(200)
    return found
