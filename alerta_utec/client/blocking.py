"""The client for programs without asyncio: web back ends, scripts, pipelines."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

from alerta_utec import wire
from alerta_utec.client.answers import Ack, IncidentRecord, incident_of
from alerta_utec.client.errors import Refused, UnexpectedAnswer
from alerta_utec.client.retrying import TIMING, Retrying, Tries
from alerta_utec.client.sign_in import Token, key_header
from alerta_utec.client.webhooks import Webhooks
from alerta_utec.domain.errors import Conflict
from alerta_utec.domain.incident import Incident
from alerta_utec.domain.update import Update
from alerta_utec.domain.values import format_time

TIMEOUT_S = 10.0
PATIENCE_S = 30.0
PAGE = 200


class AlertaUtec:
    """``with AlertaUtec(url) as alerta: alerta.notify(type=…, location=…, urgency=…)``

    Over the HTTP API at ``url`` (``https://host``; on one machine the WebSocket's address will
    do). ``token`` signs in; a function is asked for one before each request. Keep one for the
    life of the program: it holds connections open, and may be used from several threads at once.

    Every call goes on for up to ``patience_s``: no connection, no answer within ``timeout_s``, a
    busy service (429, 502, 503, 504) are tried again, after waits with full jitter or as long
    as the service asks for; with a patience of 0, nothing is. What changes something is done
    once, however often it is sent.

    Every method raises ``Refused`` where the service says no, and otherwise the last try's
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
        self._http = Retrying(url, token, timeout_s)
        self._patience_s = patience_s
        self.webhooks = Webhooks(self._http, self._tries)

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
        """Close the connections that are held open."""
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
        """Report an incident: its fields, those of a mapping as JSON has them, or both.

        The same ``idempotency_key`` within 24 h is the same incident, from this or another
        program. Without one, one is made: this call stores it once; after a failure it is not
        known whether it is stored.

        Raises:
            ValueError: ``timestamp`` has no time zone.
        """
        fields = {
            "type": type,
            "location": location,
            "urgency": urgency,
            "description": description,
            "status": status,
            "timestamp": _time(timestamp) if isinstance(timestamp, datetime) else timestamp,
            "incidentId": incident_id,
            "drill": drill or None,
        }
        given = {name: value for name, value in fields.items() if value is not None}
        body = self._http.request(
            "POST",
            "incidents",
            self._tries(),
            content=wire.encode({**(incident or {}), **extra, **given}).encode(),
            headers=key_header(idempotency_key or uuid.uuid4().hex),
        )
        return Ack.from_body(body)

    def update(
        self,
        incident_id: str,
        *,
        status: str | None = None,
        urgency: str | None = None,
        note: str | None = None,
        revision: int | None = None,
    ) -> Ack:
        """Move an incident on.

        With ``revision``, only if the incident is still at that one: else ``Refused`` with the
        code ``conflict``. Without, whatever it is at.

        Where the step from that revision is this one already, that is the answer: an update
        whose answer was lost is done once, by this call or by another with the same revision.
        """
        asked = {"status": status, "urgency": urgency, "note": note}
        wanted = {name: value for name, value in asked.items() if value is not None}
        path, tries = f"incidents/{quote(incident_id, safe='')}", self._tries()
        while True:
            seen = self._record(path, tries).incident.revision if revision is None else revision
            content = wire.encode({**wanted, "revision": seen}).encode()
            try:
                return Ack.from_body(self._http.request("PATCH", path, tries, content=content))
            except Refused as error:
                if error.code != Conflict.code:
                    raise
                conflict = error
            record = self._record(path, tries)
            if was_made(record.history, seen, Update.parse(wanted)):
                now = record.incident
                return Ack(now.incident_id, now.seq, now.revision, duplicate=True)
            if revision is not None:
                raise conflict
            tries.wait(conflict)

    def incident(self, incident_id: str) -> IncidentRecord:
        """One incident, with its history and what was sent of it."""
        return self._record(f"incidents/{quote(incident_id, safe='')}", self._tries())

    def incidents(
        self,
        *,
        status: str | Iterable[str] = (),
        urgency: str | Iterable[str] = (),
        type: str | None = None,
        location: str | None = None,
        limit: int | None = None,
    ) -> Iterator[Incident]:
        """The incidents that match, the newest first: all, or ``limit`` of them.

        Pages are fetched as they are needed, and each has the whole patience.
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
            page = self._http.request("GET", f"incidents?{urlencode(query)}", self._tries())
            found = page.get("incidents")
            if not isinstance(found, list):
                raise UnexpectedAnswer(200)
            yield from map(incident_of, found)
            left = None if left is None else left - len(found)
            if "cursor" not in page:
                return
            query["cursor"] = str(page["cursor"])

    def stats(self, days: int = 7) -> dict[str, Any]:
        """Counts and times of the last ``days`` days, as in the protocol's ``GET /stats``."""
        return self._http.request("GET", f"stats?days={days}", self._tries())

    def me(self) -> dict[str, Any]:
        """``{user, role, may}``: whom the token names, and what they may do."""
        return self._http.request("GET", "me", self._tries())

    def health(self) -> dict[str, Any]:
        """``{status, position}``: it is up, and where its feed is."""
        return self._http.request("GET", "health", self._tries())

    def _tries(self) -> Tries:
        return Tries(self._patience_s, TIMING)

    def _record(self, path: str, tries: Tries) -> IncidentRecord:
        return IncidentRecord.from_body(self._http.request("GET", path, tries))


def was_made(history: Iterable[Mapping[str, Any]], seen: int, update: Update) -> bool:
    """Whether the step that followed revision ``seen`` is ``update`` and nothing else.

    Where somebody else has made the same step, there is nothing left to do either.
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


def _joined(values: str | Iterable[str]) -> str:
    return values if isinstance(values, str) else ",".join(values)


def _time(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"a time without its zone: {value}")
    return format_time(value)
