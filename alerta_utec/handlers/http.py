"""The HTTP API: one definition for both homes (API Gateway HTTP API, payload format 2.0)."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from alerta_utec import wire
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import AlertaError, Internal, InvalidRequest, NotFound, Problem
from alerta_utec.domain.values import Kind, Status, Urgency, parse_choice
from alerta_utec.handlers.statuses import STATUS
from alerta_utec.ports import Deliveries, IncidentStore, Query

log = logging.getLogger(__name__)

LIMIT_MAX = 200


@dataclass(frozen=True)
class HttpApi:
    """Every HTTP route, by ``routes.HTTP_ROUTES``.

    Powertools keeps the current event on a class, so a process answers one request at a
    time (``_turn``); in Lambda there is never more than one.
    """

    store: IncidentStore
    deliveries: Deliveries
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False)
    _resolver: APIGatewayHttpResolver = field(init=False)

    def __post_init__(self) -> None:
        resolver = APIGatewayHttpResolver()
        resolver.get("/incidents")(self._guarded(lambda: self._list(resolver)))
        resolver.get("/incidents/<incident_id>")(self._guarded(self._show))
        resolver.get("/health")(self._guarded(self._health))
        resolver.not_found(lambda _error: problem(NotFound()))
        object.__setattr__(self, "_resolver", resolver)

    def __call__(self, event: Mapping[str, Any], context: object = None) -> dict[str, Any]:
        """Answer one HTTP API event (payload format 2.0)."""
        with self._turn:
            return self._resolver.resolve(dict(event), context)  # type: ignore[arg-type]

    def _list(self, resolver: APIGatewayHttpResolver) -> Response[str]:
        query = parse_query(resolver.current_event.query_string_parameters or {})
        page = self.store.page(query)
        body: dict[str, Any] = {"incidents": [i.to_json() for i in page.incidents]}
        if page.next_seq is not None:
            body["cursor"] = str(page.next_seq)
        return _json(200, body)

    def _show(self, incident_id: str) -> Response[str]:
        incident = self.store.get(incident_id)
        history = [change.history_entry() for change in self.store.history(incident_id)]
        deliveries = [delivery.to_json() for delivery in self.deliveries.of(incident_id)]
        body = {"incident": incident.to_json(), "history": history, "deliveries": deliveries}
        return _json(200, body)

    def _health(self) -> Response[str]:
        position: Position = self.store.position()
        return _json(200, {"status": "ok", "position": str(position)})

    def _guarded(self, route: Callable[..., Response[str]]) -> Callable[..., Response[str]]:
        def guarded(**arguments: str) -> Response[str]:
            try:
                return route(**arguments)
            except AlertaError as refusal:
                return problem(refusal)
            except Exception:
                log.exception("failed")
                return problem(Internal())

        return guarded


def problem(refusal: AlertaError) -> Response[str]:
    """A refusal as problem details (RFC 9457), with our ``code`` and ``errors``."""
    status = STATUS[refusal.code]
    body = wire.error_body(refusal)
    details = {"type": "about:blank", "title": body.pop("message"), "status": status, **body}
    return _json(status, details, "application/problem+json")


def _json(
    status: int, body: Mapping[str, Any], content_type: str = "application/json"
) -> Response[str]:
    headers = {"Cache-Control": "no-store"}
    return Response(status, content_type, wire.encode(body), headers)


def parse_query(parameters: Mapping[str, str]) -> Query:
    """The listing that the query string asks for.

    ``status`` and ``urgency`` take several values, separated by commas or repeated.

    Raises:
        InvalidRequest: with every parameter that is wrong.
    """
    problems: list[Problem] = []
    status = _choices(parameters, "status", Status, problems)
    urgency = _choices(parameters, "urgency", Urgency, problems)
    limit = _number(parameters, "limit", (1, LIMIT_MAX), problems)
    before_seq = _number(parameters, "cursor", (1, 10**18), problems)
    if problems:
        raise InvalidRequest(problems=problems)
    return Query(
        limit=50 if limit is None else limit,
        before_seq=before_seq,
        status=status,
        urgency=urgency,
        type=parameters.get("type") or None,
        location=parameters.get("location") or None,
    )


def _choices(
    parameters: Mapping[str, str], name: str, kind: type[Kind], problems: list[Problem]
) -> frozenset[Kind]:
    chosen = set()
    for value in filter(None, parameters.get(name, "").split(",")):
        choice = parse_choice(kind, value)
        if choice is None:
            problems.append(Problem(name, "not_one_of", {"allowed": ", ".join(kind)}))
            break
        chosen.add(choice)
    return frozenset(chosen)


def _number(
    parameters: Mapping[str, str], name: str, span: tuple[int, int], problems: list[Problem]
) -> int | None:
    value = parameters.get(name)
    if value is None:
        return None
    lowest, highest = span
    if value.isascii() and value.isdigit() and len(value) < 20 and lowest <= int(value) <= highest:
        return int(value)
    problems.append(Problem(name, "not_number", {"min": lowest, "max": highest}))
    return None
