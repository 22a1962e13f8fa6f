"""The blocking client's keys: make, list and revoke the keys of machines."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from alerta_utec import wire
from alerta_utec.client.errors import UnexpectedAnswer
from alerta_utec.client.retrying import RetryBudget, RetryingHttp

Key = dict[str, Any]


class KeyClient:
    """``alerta.keys``: the keys of machines, for tokens with the role ``autoridad``.

    A key is ``{keyId, name, scopes, filter, rate, createdAt, createdBy?, expiresAt?,
    lastUsedAt?}``, as in the protocol.

    Every method raises ``Refused`` if the service refuses, and otherwise ``ClientError``.
    """

    def __init__(self, http: RetryingHttp, budget: Callable[[], RetryBudget]) -> None:
        self._http = http
        self._budget = budget

    def all(self) -> list[Key]:
        """Return every key, oldest first."""
        found = self._request("GET", "keys", self._budget()).get("keys")
        if not isinstance(found, list):
            raise UnexpectedAnswer(200)
        return found

    def make(
        self,
        name: str,
        scopes: Sequence[str],
        *,
        filter: Mapping[str, Any] | None = None,
        expires_at: str | None = None,
        rate: Mapping[str, Any] | None = None,
    ) -> Key:
        """Make a key, and return it with its token ``key``, which no later call returns.

        One attempt is made: after a failure other than ``Refused`` the outcome is unknown.
        ``scopes`` of ``report``, ``read``, ``update``, ``feed``, ``manage``, ``metrics``;
        ``filter`` as in ``subscribe``; ``expires_at`` in RFC 3339; ``rate``:
        ``{perSecond, burst}`` of its submissions.
        """
        more = {"filter": filter, "expiresAt": expires_at, "rate": rate}
        given = {field: value for field, value in more.items() if value is not None}
        asked = {"name": name, "scopes": list(scopes), **given}
        return self._request("POST", "keys", RetryBudget(0), wire.encode(asked).encode())

    def revoke(self, key_id: str) -> None:
        """Revoke the key; its open connections are closed."""
        self._request("DELETE", f"keys/{quote(key_id, safe='')}", self._budget())

    def _request(
        self, method: str, path: str, budget: RetryBudget, content: bytes | None = None
    ) -> dict[str, Any]:
        return self._http.request(method, path, budget, content=content)
