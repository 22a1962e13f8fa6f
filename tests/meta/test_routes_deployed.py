"""serverless.yml against the one table of routes, both ways."""

from typing import Any

from alerta_utec.deployments.routes import HTTP_ROUTE_KEYS
from alerta_utec.handlers.routes import WEBSOCKET_ROUTES
from tests.support.emulator import ROOT


def test_the_deployed_websocket_routes_are_those_of_the_table(service: dict[str, Any]) -> None:
    deployed = {
        (event["route"], name, "routeResponseSelectionExpression" in event)
        for name, event in _events(service, "websocket")
    }

    assert deployed == {(route.key, route.handler, route.two_way) for route in WEBSOCKET_ROUTES}


def test_the_deployed_http_routes_are_those_of_the_table(service: dict[str, Any]) -> None:
    deployed = _events(service, "httpApi")

    assert {route for _, route in deployed} == set(HTTP_ROUTE_KEYS)
    assert len(deployed) == len(HTTP_ROUTE_KEYS)


def test_the_routes_of_webhooks_and_of_keys_have_functions_of_their_own(
    service: dict[str, Any],
) -> None:
    own = {"webhooks": "webhookapi", "keys": "signinapi"}
    for name, route in _events(service, "httpApi"):
        assert name == own.get(route.split("/")[1], "http"), route


def test_the_lambda_files_are_those_of_the_deployed_functions(service: dict[str, Any]) -> None:
    deployed = {function["handler"] for function in service["functions"].values()}

    files = {f"src/{path.stem}.handler" for path in (ROOT / "src").glob("*.py")}
    assert deployed == files - {"src/__init__.handler", "src/utils.handler"}


def test_each_lambda_file_imports_the_handler_of_its_function(service: dict[str, Any]) -> None:
    for name, function in service["functions"].items():
        path = ROOT / function["handler"].replace(".handler", ".py")

        wanted = f"\nfrom alerta_utec.deployments.aws.{name} import handler as handler\n"
        assert path.read_text().endswith(wanted), path


def _events(service: dict[str, Any], kind: str) -> list[tuple[str, Any]]:
    return [
        (name, event[kind])
        for name, function in service["functions"].items()
        for event in function["events"]
        if kind in event
    ]
