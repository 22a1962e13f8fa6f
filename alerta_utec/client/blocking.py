"""The blocking client, for programs without asyncio: web back ends, scripts, pipelines."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

from alerta_utec import wire
from alerta_utec.client.errors import Refused, UnexpectedAnswer
from alerta_utec.client.keys import KeyClient
from alerta_utec.client.responses import Ack, IncidentRecord, parse_incident
from alerta_utec.client.retrying import TIMING, RetryBudget, RetryingHttp
from alerta_utec.client.sign_in import Token, key_header
from alerta_utec.client.webhooks import WebhookClient
from alerta_utec.domain.errors import Conflict
from alerta_utec.domain.incident import Incident
from alerta_utec.domain.update import UpdateRequest
from alerta_utec.domain.values import format_time

TIMEOUT_S = 10.0
PATIENCE_S = 30.0
PAGE = 200


class AlertaUtec:
    """``with AlertaUtec(url) as alerta: alerta.notify(type=…, location=…, urgency=…)``

    A client of the HTTP API at ``url`` (``https://host``; on one machine the WebSocket's address
    works too). ``token`` signs in; a function is called before each request. Create one instance
    for the life of the program: it keeps connections open, and is safe to use from several
    threads.

    Every call retries for up to ``patience_s`` if there is no connection, no answer within
    ``timeout_s``, or a busy service (429, 502, 503, 504). It waits with full jitter, or for as long
    as the service asks for. ``patience_s=0`` turns retries off. Retries are idempotent: a change
    is made once.

    Every method raises ``Refused`` if the service refuses, and otherwise the last attempt's
    ``ClientError``.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Token = None,
        timeout_s: float = TIMEOUT_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._http = RetryingHttp(url, token, timeout_s)
        self._patience_s = patience_s
        self.webhooks = WebhookClient(self._http, self._budget)
        self.keys = KeyClient(self._http, self._budget)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the open connections."""
        self._http.close()

    def notify(
        self,
        incident: Mapping[str, Any] | None = None,
        /,
        *,
        type: str | None = None,
        location: str | None = None,
        urgency: str | None = None,
        description: str | None = None,
        status: str | None = None,
        timestamp: datetime | str | None = None,
        incident_id: str | None = None,
        drill: bool = False,
        idempotency_key: str | None = None,
        **extra: Any,
    ) -> Ack:
        """Report an incident from its fields, from a mapping with the JSON names, or both.

        Requests with the same ``idempotency_key`` within 24 h are one incident, also from
        different programs. The default is a new key: the call stores the incident once, and after
        a failure the outcome is unknown.

        Raises:
            ValueError: ``timestamp`` has no time zone.
        """
        fields = _given(
            type=type,
            location=location,
            urgency=urgency,
            description=description,
            status=status,
            timestamp=_time(timestamp) if isinstance(timestamp, datetime) else timestamp,
            incidentId=incident_id,
            drill=drill or None,
        )
        return self._report({**(incident or {}), **extra, **fields}, idempotency_key)

    def update(
        self,
        incident_id: str,
        *,
        status: str | None = None,
        urgency: str | None = None,
        note: str | None = None,
        revision: int | None = None,
    ) -> Ack:
        """Update an incident.

        With ``revision``, the incident must still be at that revision: otherwise the call raises
        ``Refused`` with the code ``conflict``. Without, the call updates the current revision.

        If the next revision is already this very update, the call returns it as a duplicate: an
        update whose answer was lost is made once, by this call or another with the same revision.
        """
        wanted = _given(status=status, urgency=urgency, note=note)
        path, budget = f"incidents/{quote(incident_id, safe='')}", self._budget()
        while True:
            seen = self._revision(path, budget) if revision is None else revision
            content = wire.encode({**wanted, "revision": seen}).encode()
            try:
                return Ack.from_body(self._http.request("PATCH", path, budget, content=content))
            except Refused as error:
                if error.code != Conflict.code:
                    raise
                conflict = error
            record = self._record(path, budget)
            if was_applied(record.history, seen, UpdateRequest.parse(wanted)):
                now = record.incident
                return Ack(now.incident_id, now.seq, now.revision, duplicate=True)
            if revision is not None:
                raise conflict
            budget.wait(conflict)

    def incident(self, incident_id: str) -> IncidentRecord:
        """Return one incident with its history and its deliveries."""
        return self._record(f"incidents/{quote(incident_id, safe='')}", self._budget())

    def incidents(
        self,
        *,
        status: str | Iterable[str] = (),
        urgency: str | Iterable[str] = (),
        type: str | None = None,
        location: str | None = None,
        limit: int | None = None,
    ) -> Iterator[Incident]:
        """Yield the incidents that match, newest first, up to ``limit``.

        Each page is fetched when it is needed, and retries for up to ``patience_s``.
        """
        filters = {
            "status": _joined(status),
            "urgency": _joined(urgency),
            "type": type,
            "location": location,
        }
        query = {name: value for name, value in filters.items() if value}
        left = limit
        while left is None or left > 0:
            query["limit"] = str(PAGE if left is None else min(left, PAGE))
            page = self._http.request("GET", f"incidents?{urlencode(query)}", self._budget())
            found = page.get("incidents")
            if not isinstance(found, list):
                raise UnexpectedAnswer(200)
            yield from map(parse_incident, found)
            left = None if left is None else left - len(found)
            if "cursor" not in page:
                return
            query["cursor"] = str(page["cursor"])

    def stats(self, days: int = 7) -> dict[str, Any]:
        """Return the statistics of the last ``days`` days, as in the protocol's ``GET /stats``."""
        return self._http.request("GET", f"stats?days={days}", self._budget())

    def me(self) -> dict[str, Any]:
        """Return ``{user, role, may}``: the token's person and permissions."""
        return self._http.request("GET", "me", self._budget())

    def health(self) -> dict[str, Any]:
        """Return ``{status, position}`` if the service is up."""
        return self._http.request("GET", "health", self._budget())

    def _report(self, incident: Mapping[str, Any], key: str | None) -> Ack:
        content = wire.encode(incident).encode()
        headers = key_header(key or uuid.uuid4().hex)
        return Ack.from_body(
            self._http.request(
                "POST", "incidents", self._budget(), content=content, headers=headers
            )
        )

    def _budget(self) -> RetryBudget:
        return RetryBudget(self._patience_s, TIMING)

    def _revision(self, path: str, budget: RetryBudget) -> int:
        body = self._http.request("GET", f"{path}?limit=1", budget)
        return IncidentRecord.from_body(body).incident.revision

    def _record(self, path: str, budget: RetryBudget) -> IncidentRecord:
        """Return the record with its whole history, page after page."""
        body = self._http.request("GET", path, budget)
        pages = [IncidentRecord.from_body(body)]
        while cursor := body.get("cursor"):
            body = self._http.request("GET", f"{path}?cursor={quote(str(cursor))}", budget)
            pages.append(IncidentRecord.from_body(body))
        return IncidentRecord.joined(pages)


def was_applied(history: Iterable[Mapping[str, Any]], seen: int, update: UpdateRequest) -> bool:
    """Return whether the revision after ``seen`` is exactly ``update``.

    The same update by another person counts too: nothing is left to do.
    """
    state: dict[str, Any] = {}
    for step in history:
        change = step.get("change", {})
        state |= {field: values[1] for field, values in change.items()}
        if step.get("revision") == seen + 1:
            asked = update.model_dump(mode="json", exclude={"note"}, exclude_none=True)
            as_asked = asked.items() <= state.items() and change.keys() <= asked.keys()
            return as_asked and step.get("note") == update.note
    return False


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _joined(values: str | Iterable[str]) -> str:
    return values if isinstance(values, str) else ",".join(values)


def _time(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"a time without its zone: {value}")
    return format_time(value)
