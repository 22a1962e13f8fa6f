"""The blocking client's webhooks: create, change, test and remove them, and list failures."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from alerta_utec import wire
from alerta_utec.client.errors import UnexpectedAnswer
from alerta_utec.client.retrying import RetryBudget, RetryingHttp

# The service waits for a receiver for 15 s.
TEST_S = 25.0
Webhook = dict[str, Any]


class WebhookClient:
    """``alerta.webhooks``: the service's webhooks, for tokens with the role ``autoridad``.

    A webhook is ``{webhookId, url, description, filter, state, format, createdAt, createdBy?,
    oldSecretUntil?}``, as in the protocol. The methods that are not idempotent (``add``,
    ``rotate``, ``test``) make one attempt: after a failure other than ``Refused`` their outcome is
    unknown.

    Every method raises ``Refused`` if the service refuses, and otherwise ``ClientError``.
    """

    def __init__(self, http: RetryingHttp, budget: Callable[[], RetryBudget]) -> None:
        self._http = http
        self._budget = budget

    def all(self) -> list[Webhook]:
        """Return every webhook, oldest first."""
        return _list(self._request("GET"), "webhooks")

    def add(
        self,
        url: str,
        *,
        filter: Mapping[str, Any] | None = None,
        description: str | None = None,
        format: str | None = None,
        secret: str | None = None,
    ) -> Webhook:
        """Create a webhook, and return it with its ``secret``, which no later call returns.

        ``filter`` as in ``subscribe``; ``format`` is ``json`` (the default) or ``cloudevents``;
        the service creates a ``secret`` unless given.
        """
        fields = {"filter": filter, "description": description, "format": format}
        asked = {"url": url, **fields, "secret": secret}
        return self._request("POST", body=asked, budget=RetryBudget(0))

    def get(self, webhook_id: str) -> Webhook:
        """Return one webhook."""
        return self._request("GET", webhook_id)

    def change(
        self,
        webhook_id: str,
        *,
        url: str | None = None,
        filter: Mapping[str, Any] | None = None,
        description: str | None = None,
        format: str | None = None,
        state: str | None = None,
    ) -> Webhook:
        """Change the given fields, and return the webhook; ``state``: ``active``, ``paused``."""
        fields = {"filter": filter, "description": description, "format": format}
        return self._request("PATCH", webhook_id, body={"url": url, **fields, "state": state})

    def remove(self, webhook_id: str) -> None:
        """Delete the webhook and its pending jobs."""
        self._request("DELETE", webhook_id)

    def rotate(self, webhook_id: str, *, secret: str | None = None) -> Webhook:
        """Replace the ``secret``, and return the webhook; the old one also signs for 24 hours."""
        asked = {"secret": secret}
        return self._request("POST", webhook_id, "secret", body=asked, budget=RetryBudget(0))

    def failures(self, webhook_id: str) -> list[dict[str, Any]]:
        """Return the changes whose delivery to the webhook failed for good, newest first."""
        return _list(self._request("GET", webhook_id, "failures"), "failures")

    def retry(self, webhook_id: str) -> int:
        """Queue every undelivered change for delivery now, and return their number."""
        return int(self._request("POST", webhook_id, "retry").get("owed", 0))

    def test(self, webhook_id: str) -> dict[str, Any]:
        """Send a test event now, and return ``{ok, status?, reason?, ms}``."""
        return self._request("POST", webhook_id, "test", budget=RetryBudget(0, attempt_s=TEST_S))

    def _request(
        self,
        method: str,
        *path: str,
        body: Mapping[str, Any] | None = None,
        budget: RetryBudget | None = None,
    ) -> dict[str, Any]:
        given = {name: value for name, value in (body or {}).items() if value is not None}
        return self._http.request(
            method,
            "/".join(["webhooks", *(quote(part, safe="") for part in path)]),
            budget or self._budget(),
            content=None if body is None else wire.encode(given).encode(),
        )


def _list(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = body.get(name)
    if not isinstance(found, list):
        raise UnexpectedAnswer(200)
    return found
