"""The routes that each deployment serves, and the parts that the HTTP Lambda loads late."""

from typing import Any

import pytest

from alerta_utec.deployments.api_parts import API_PARTS
from alerta_utec.deployments.routes import HEAD_KEYS, HTTP_ROUTE_KEYS, HTTP_ROUTES
from alerta_utec.handlers.http_api import handlers_of
from alerta_utec.handlers.operations import operation_of
from alerta_utec.handlers.routes import (
    DOCUMENT_ROUTES,
    PANEL_ROUTES,
    WEBSOCKET_ROUTES,
    HttpRoute,
)
from alerta_utec.sign_in.routes import KEY_ROUTES
from alerta_utec.webhooks.routes import WEBHOOK_ROUTES
from benchmarks.cold_start import SETTINGS
from tests.support.fresh_python import printed_json
from tests.unit.handlers.conftest import ServiceOverFakes

ROUTES = {route.key for route in HTTP_ROUTES}
OF_KEYS = {route.key for route in KEY_ROUTES}
OF_WEBHOOKS = {route.key for route in WEBHOOK_ROUTES}
# For people, or the descriptions themselves.
UNDOCUMENTED = {route.key for route in (*PANEL_ROUTES, *DOCUMENT_ROUTES)}
# Late parts of the HTTP Lambda: a module of each, and a route that needs no AWS.
LATE = {
    "alerta_utec.handlers.panel": "GET /",
    "alerta_utec.handlers.openapi.api": "GET /openapi.json",
}


def in_http_lambda(code: str, *, name: str = "http") -> Any:
    """Return what a process prints that has loaded a Lambda of the HTTP API, as JSON."""
    lines = f"import json, sys\nfrom alerta_utec.deployments.aws.{name} import api\n{code}"
    return printed_json(lines, environment=SETTINGS)


def test_no_route_is_in_the_table_twice() -> None:
    assert len(HTTP_ROUTE_KEYS) == len(set(HTTP_ROUTE_KEYS))


def test_the_handlers_of_one_machine_serve_every_route(service: ServiceOverFakes) -> None:
    assert service.handlers.http.route_keys == ROUTES
    assert service.handlers.websocket.keys() == {route.handler for route in WEBSOCKET_ROUTES}


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("http", ROUTES - OF_WEBHOOKS - OF_KEYS),
        ("webhookapi", OF_WEBHOOKS),
        ("signinapi", OF_KEYS),
    ],
)
def test_each_lambda_of_the_http_api_serves_its_routes(name: str, keys: set[str]) -> None:
    served = in_http_lambda("print(json.dumps(sorted(api.route_keys)))", name=name)

    assert set(served) == keys


@pytest.mark.parametrize(
    ("origin", "status"), [("https://evil.example", 403), ("https://panel.example.edu", 400)]
)
def test_the_http_lambda_judges_writes_by_the_origins_of_its_environment(
    origin: str, status: int
) -> None:
    headers = {"origin": origin, "content-type": "application/json"}
    event = {"routeKey": "POST /incidents", "headers": headers, "body": "no JSON"}
    lines = "import json\nfrom alerta_utec.deployments.aws.http import api\n"
    lines += f"print(json.dumps(api.handle({event!r})['statusCode']))"

    answered = printed_json(
        lines, environment={**SETTINGS, "ORIGINS": "https://panel.example.edu,https://b.example"}
    )

    assert answered == status


def test_every_route_is_documented_or_a_page_or_a_document() -> None:
    documented = {
        route.key
        for part in API_PARTS
        for route in part.routes
        if operation_of(getattr(part.handlers, route.operation))
    }

    assert documented == set(HTTP_ROUTE_KEYS) - UNDOCUMENTED - set(HEAD_KEYS)
    assert len(HTTP_ROUTES) == len(documented) + len(UNDOCUMENTED)


def test_a_route_without_a_handler_is_refused() -> None:
    with pytest.raises(AttributeError, match="missing"):
        handlers_of([HttpRoute("GET /missing", "missing")], object())


@pytest.mark.parametrize(("module", "route"), LATE.items(), ids=LATE.values())
def test_a_late_part_of_the_http_lambda_loads_at_its_first_request(module: str, route: str) -> None:
    event = {"routeKey": route, "headers": {}}

    before, status, after = in_http_lambda(
        f"before = {module!r} in sys.modules\n"
        f"response = api.handle({event!r})\n"
        f"print(json.dumps([before, response['statusCode'], {module!r} in sys.modules]))"
    )

    assert (before, after) == (False, True)
    assert status == 200
