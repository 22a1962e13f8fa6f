"""The table of routes, and the recorded events that stand for them."""

import pytest

from alerta_utec.deployments.routes import HTTP_ROUTE_KEYS
from alerta_utec.handlers.routes import ACTIONS, WEBSOCKET_ROUTES
from tests import events


def test_the_routes_of_the_founding_document_are_there() -> None:
    keys = [route.key for route in WEBSOCKET_ROUTES]

    assert {"$connect", "$disconnect", "$default", "notify"} <= set(keys)
    assert len(keys) == len(set(keys))


def test_each_websocket_route_has_a_handler_of_its_own() -> None:
    handlers = [route.handler for route in WEBSOCKET_ROUTES]

    assert len(handlers) == len(set(handlers))


def test_the_actions_are_the_routes_that_clients_can_name() -> None:
    assert ACTIONS == ("notify", "update", "subscribe", "ping", "sync")


def test_only_routes_that_always_respond_are_two_way() -> None:
    two_way = {route.key for route in WEBSOCKET_ROUTES if route.two_way}

    assert two_way == {"ping", "sync", "$default"}


@pytest.mark.parametrize("key", HTTP_ROUTE_KEYS)
def test_http_route_keys_are_a_method_and_a_path(key: str) -> None:
    method, path = key.split(" ")

    assert method in {"GET", "HEAD", "POST", "PATCH", "DELETE"}
    assert path.startswith("/")
    assert path == "/" or not path.endswith("/")


def test_each_route_has_a_recorded_event() -> None:
    loaded = [events.load(name) for name in events.names()]

    recorded = {event["requestContext"]["routeKey"] for event in loaded}
    wanted = {route.key for route in WEBSOCKET_ROUTES} | set(HTTP_ROUTE_KEYS)
    assert wanted <= recorded
