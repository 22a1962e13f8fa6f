"""The HTTP routes of incidents."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from alerta_utec import wire
from alerta_utec.app.limits import SubmitLimit
from alerta_utec.app.stats import CachedStats, Stats
from alerta_utec.app.submit import Submit
from alerta_utec.domain.delivery import deliveries_to_json
from alerta_utec.domain.errors import Forbidden, NotFound
from alerta_utec.domain.filters import EVERYTHING
from alerta_utec.domain.incident import Report
from alerta_utec.domain.policy import Permission
from alerta_utec.domain.update import UpdateRequest
from alerta_utec.domain.values import Status, Urgency
from alerta_utec.handlers.http_access import RequestAccess
from alerta_utec.handlers.lambda_io import LambdaResponse
from alerta_utec.handlers.operations import (
    Body,
    Operation,
    Returned,
    documented,
    query,
    ref,
    whole,
)
from alerta_utec.handlers.query import (
    DAYS_DEFAULT,
    DAYS_MAX,
    LIMIT_MAX,
    parse_days,
    parse_history_page,
    parse_query,
)
from alerta_utec.handlers.request import Request
from alerta_utec.handlers.responses import json_response
from alerta_utec.ports.authentication import Authenticator
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.deliveries import Deliveries
from alerta_utec.ports.incidents import HISTORY_PAGE, Committed, IncidentStore

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_SEVERAL = "one or several, with commas between"
_ANY_CASE = "compared without regard to case"
_STORED = Returned("Stored; it will be delivered", "Stored")
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": wire.KEY_MAX},
}
_REVISION = {"type": "object", "properties": {"revision": {"type": "integer", "minimum": 1}}}


@dataclass(frozen=True, kw_only=True)
class IncidentServices:
    """The services behind the routes of incidents; ``timezone``: the campus's."""

    store: IncidentStore
    deliveries: Deliveries
    authenticator: Authenticator
    limit: SubmitLimit
    clock: Clock
    timezone: "ZoneInfo"


@dataclass(frozen=True)
class IncidentsApi:
    """The handlers of ``INCIDENT_ROUTES``."""

    store: IncidentStore
    deliveries: Deliveries
    submit: Submit
    stats: CachedStats
    access: RequestAccess
    limit: SubmitLimit

    @classmethod
    def over(cls, services: IncidentServices) -> Self:
        """Return the handlers over these services."""
        return cls(
            services.store,
            services.deliveries,
            Submit(services.store, services.clock),
            CachedStats(Stats(services.store, services.clock, services.timezone)),
            RequestAccess(services.authenticator),
            services.limit,
        )

    @documented(
        Operation(
            "Report an incident",
            {201: _STORED, 200: Returned("Stored before", "Stored")},
            (
                *("bad_json", "invalid_request", "invalid_incident", "too_large"),
                *("conflict", "rate_limited"),
            ),
            [_IDEMPOTENCY_KEY],
            Body("Report"),
            "Safe to repeat with the same Idempotency-Key or incidentId.",
        )
    )
    def report_incident(self, request: Request) -> LambdaResponse:
        """Store a new incident."""
        identity = self.access.identity(request)
        key = wire.optional_text(
            {"Idempotency-Key": request.header("idempotency-key")}, "Idempotency-Key", wire.KEY_MAX
        )
        report = Report.parse(request.json())
        self.limit.take(identity, address=request.source_ip)
        self.limit.take_shared(identity, report.urgency)
        committed = self.submit.notify(
            report, idempotency_key=key, by=identity, request_id=request.request_id
        )
        location = f"incidents/{committed.change.incident_id}"
        status = 200 if committed.duplicate else 201
        return json_response(status, _stored(committed), Location=location)

    @documented(
        Operation(
            "List incidents, the newest first",
            "IncidentPage",
            ["invalid_request"],
            [
                query("status", {"type": "string", "examples": list(Status)}, _SEVERAL),
                query("urgency", {"type": "string", "examples": list(Urgency)}, _SEVERAL),
                query("type", {"type": "string"}, _ANY_CASE),
                query("location", {"type": "string"}, _ANY_CASE),
                query("limit", whole(LIMIT_MAX) | {"default": 50}),
                query("cursor", {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"}, "of a page"),
            ],
        )
    )
    def list_incidents(self, request: Request) -> LambdaResponse:
        """Return a page of incidents."""
        identity = self.access.permitted(request, Permission.READ)
        private = identity.can(Permission.SEE_PEOPLE)
        page = self.store.page(parse_query(request.query))
        incidents = [
            incident.to_json(private=private)
            for incident in page.incidents
            if identity.can_see(incident)
        ]
        body: dict[str, Any] = {"incidents": incidents}
        if page.next_seq is not None:
            body["cursor"] = str(page.next_seq)
        return json_response(200, body)

    @documented(
        Operation(
            "Show an incident with the newest part of its history",
            "IncidentDetail",
            ["not_found", "invalid_request"],
            [
                query("limit", whole(HISTORY_PAGE) | {"default": HISTORY_PAGE}),
                query("cursor", {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"}, "of a page"),
            ],
        ),
    )
    def show_incident(self, request: Request) -> LambdaResponse:
        """Return an incident, and a page of its history with the deliveries of its revisions."""
        identity = self.access.permitted(request, Permission.READ)
        private = identity.can(Permission.SEE_PEOPLE)
        incident_id = request.path_id("incidentId")
        limit, before = parse_history_page(request.query)
        incident = self.store.get(incident_id)
        if not identity.can_see(incident):
            raise NotFound
        history = self.store.history(incident_id, limit=limit, before_revision=before)
        first, last = (history[at].after.revision if history else 0 for at in (0, -1))
        deliveries = self.deliveries.for_incident(incident_id, range(first, last + 1))
        body: dict[str, Any] = {
            "incident": incident.to_json(private=private),
            "history": [change.history_entry(private=private) for change in history],
            "deliveries": deliveries_to_json(deliveries, private=private),
        }
        if first > 1:
            body["cursor"] = str(first)
        return json_response(200, body)

    @documented(
        Operation(
            "Update an incident: status, urgency, note",
            {200: _STORED},
            ("bad_json", "forbidden", "not_found", "too_large", "conflict", "rate_limited"),
            body=Body({"allOf": [ref("Update"), _REVISION]}),
        )
    )
    def update_incident(self, request: Request) -> LambdaResponse:
        """Store an update of an incident."""
        identity = self.access.identity(request)
        body = request.json()
        update = UpdateRequest.parse(body)
        revision = wire.optional_number(body, "revision")
        self.limit.take(identity, address=request.source_ip)
        incident_id = request.path_id("incidentId")
        committed = self.submit.update(
            incident_id, update, revision=revision, by=identity, request_id=request.request_id
        )
        return json_response(200, _stored(committed))

    @documented(
        Operation(
            "Statistics of the last days",
            "Statistics",
            ["invalid_request"],
            [query("days", whole(DAYS_MAX) | {"default": DAYS_DEFAULT})],
        )
    )
    def statistics(self, request: Request) -> LambdaResponse:
        """Return the statistics of the last days, which count every incident.

        A key with a filter has none, since they would tell it of the others.
        """
        identity = self.access.permitted(request, Permission.READ)
        if identity.filter != EVERYTHING:
            raise Forbidden("key with a filter")
        return json_response(200, self.stats.of_last(parse_days(request.query)))


def _stored(committed: Committed) -> dict[str, Any]:
    stored = committed.change.after
    return {
        "incidentId": stored.incident_id,
        "seq": stored.seq,
        "revision": stored.revision,
        "duplicate": committed.duplicate,
    }
