"""The HTTP API: one definition for both homes (API Gateway HTTP API, payload format 2.0).

The panel, the documents (``/openapi.json``, ``/docs`` …) and what manages webhooks are imported
when somebody asks for them.

API Gateway, and the local one in its place, has matched the route already: an event names it by
its ``routeKey``.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alerta_utec import wire
from alerta_utec.app.limits import NoLimit, SubmitLimit
from alerta_utec.app.stats import Stats
from alerta_utec.app.submit import Submit
from alerta_utec.cap.alerts import CapAlerts
from alerta_utec.domain.errors import AlertaError, Internal, NotFound
from alerta_utec.domain.incident import Report
from alerta_utec.domain.policy import TRANSITIONS, Identity, Permission, Role
from alerta_utec.domain.update import Update
from alerta_utec.domain.values import Status
from alerta_utec.handlers.handshake import bearer_tokens
from alerta_utec.handlers.query import parse_days, parse_query, parse_test
from alerta_utec.handlers.request import Request
from alerta_utec.handlers.responses import SAFE_HEADERS, Response, answer, problem
from alerta_utec.handlers.routes import WEBHOOK_ROUTES
from alerta_utec.ports.authentication import Authenticator
from alerta_utec.ports.deliveries import Deliveries
from alerta_utec.ports.incidents import Committed, IncidentStore

if TYPE_CHECKING:
    from alerta_utec.webhooks.manage import ManageWebhooks

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HttpApi:
    """Every HTTP route, by ``routes.HTTP_ROUTES``; safe to call from several threads at once."""

    store: IncidentStore
    deliveries: Deliveries
    submit: Submit
    stats: Stats
    authenticator: Authenticator
    limit: SubmitLimit | NoLimit
    web_socket_url: Callable[[Request], str]
    cap: CapAlerts
    webhooks: "Callable[[], ManageWebhooks]"

    def __call__(self, event: Mapping[str, Any], _context: object = None) -> Response:
        """Answer one HTTP API event."""
        routes: Mapping[str, Callable[[Request], Response]] = {
            "GET /": self._panel,
            "HEAD /": self._panel_head,
            "GET /panel/{file}": self._panel_file,
            "POST /incidents": self._post,
            "GET /incidents": self._list,
            "GET /incidents/{incidentId}": self._show,
            "GET /incidents/{incidentId}/cap": self._cap,
            "PATCH /incidents/{incidentId}": self._patch,
            "GET /stats": self._stats,
            "GET /me": self._me,
            "GET /health": self._health,
            "GET /config.json": self._config,
            "GET /openapi.json": self._openapi,
            "GET /asyncapi.json": self._asyncapi,
            "GET /docs": self._docs,
            **dict.fromkeys(WEBHOOK_ROUTES, self._webhooks),
        }
        try:
            route = routes.get(event.get("routeKey", ""))
            if route is None:
                raise NotFound
            return route(Request(event))
        except AlertaError as refusal:
            return problem(refusal, Request(event).lang)
        except Exception:
            log.exception("failed", extra={"route": event.get("routeKey")})
            return problem(Internal(), Request(event).lang)

    def _panel(self, request: Request) -> Response:
        from alerta_utec.handlers import panel

        return panel.page(request.headers, self.web_socket_url(request))

    def _panel_head(self, request: Request) -> Response:
        return self._panel(request) | {"body": ""}

    def _panel_file(self, request: Request) -> Response:
        from alerta_utec.handlers import panel

        return panel.file(str(request.event["pathParameters"]["file"]), request.headers)

    def _post(self, request: Request) -> Response:
        identity = self._identity(request)
        key = wire.optional_text(
            {"Idempotency-Key": request.header("idempotency-key")}, "Idempotency-Key", wire.KEY_MAX
        )
        report = Report.parse(request.json())
        self.limit.take(identity)
        committed = self.submit.notify(report, idempotency_key=key, by=identity)
        location = f"/incidents/{committed.change.incident_id}"
        status = 200 if committed.duplicate else 201
        return answer(status, _stored(committed), Location=location)

    def _patch(self, request: Request) -> Response:
        identity = self._identity(request)
        body = request.json()
        update = Update.parse(body)
        revision = wire.optional_number(body, "revision")
        self.limit.take(identity)
        incident_id = request.path_id("incidentId")
        committed = self.submit.update(incident_id, update, revision=revision, by=identity)
        return answer(200, _stored(committed))

    def _list(self, request: Request) -> Response:
        private = self._identity(request).can(Permission.SEE_PEOPLE)
        page = self.store.page(parse_query(request.query))
        incidents = [incident.to_json(private=private) for incident in page.incidents]
        body: dict[str, Any] = {"incidents": incidents}
        if page.next_seq is not None:
            body["cursor"] = str(page.next_seq)
        return answer(200, body)

    def _show(self, request: Request) -> Response:
        private = self._identity(request).can(Permission.SEE_PEOPLE)
        incident_id = request.path_id("incidentId")
        incident = self.store.get(incident_id)
        history = self.store.history(incident_id)
        deliveries = self.deliveries.for_incident(incident_id)
        body = {
            "incident": incident.to_json(private=private),
            "history": [change.history_entry(private=private) for change in history],
            "deliveries": [delivery.to_json(private=private) for delivery in deliveries],
        }
        return answer(200, body)

    def _cap(self, request: Request) -> Response:
        from alerta_utec.cap import http as cap

        self._identity(request)
        test = parse_test(request.query)
        incident_id = request.path_id("incidentId")
        history = self.store.history(incident_id)
        secure = self.web_socket_url(request).startswith("wss:")
        page = cap.page_of(incident_id, host=request.header("host"), secure=secure)
        return cap.answer(self.cap.write(history, page=page, test=test))

    def _stats(self, request: Request) -> Response:
        self._identity(request)
        return answer(200, self.stats.of_last(parse_days(request.query)))

    def _me(self, request: Request) -> Response:
        identity = self._identity(request)
        may = [action.value for action in Permission if identity.can(action)]
        return answer(200, {"user": identity.user, "role": identity.role.value, "may": may})

    def _health(self, _request: Request) -> Response:
        return answer(200, {"status": "ok", "position": str(self.store.position())})

    def _config(self, request: Request) -> Response:
        auth = "jwt" if self.authenticator.required else "off"
        return answer(
            200,
            {
                "webSocketUrl": self.web_socket_url(request),
                "auth": auth,
                "roles": [role.value for role in Role],
                "moves": {status.value: sorted(TRANSITIONS[status]) for status in Status},
            },
        )

    def _openapi(self, _request: Request) -> Response:
        from alerta_utec.handlers.openapi import document as openapi

        return answer(200, openapi.document(sign_in=self.authenticator.required))

    def _asyncapi(self, request: Request) -> Response:
        from alerta_utec.handlers.openapi import asyncapi

        return answer(200, asyncapi.document(self.web_socket_url(request)))

    def _docs(self, _request: Request) -> Response:
        from alerta_utec.handlers.openapi import docs_page

        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": docs_page.policy(),
            **SAFE_HEADERS,
        }
        return {"statusCode": 200, "headers": headers, "body": docs_page.page()}

    def _webhooks(self, request: Request) -> Response:
        from alerta_utec.webhooks import http as webhooks

        identity = self._identity(request)
        identity.require(Permission.MANAGE_WEBHOOKS)
        if not request.event["routeKey"].startswith("GET "):
            self.limit.take(identity)
        return webhooks.respond(request, self.webhooks())

    def _identity(self, request: Request) -> Identity:
        tokens = bearer_tokens(request.header("authorization"))
        return self.authenticator.authenticate(tokens[0] if tokens else None).identity


def _stored(committed: Committed) -> dict[str, Any]:
    stored = committed.change.after
    return {
        "incidentId": stored.incident_id,
        "seq": stored.seq,
        "revision": stored.revision,
        "duplicate": committed.duplicate,
    }
