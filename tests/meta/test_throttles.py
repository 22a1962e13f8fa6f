"""The throttles of API Gateway's routes, in the template that the framework writes."""

import re
from datetime import timedelta

from alerta_utec.adapters.rate_limits import InProcessRateLimits
from alerta_utec.app.limits import SHARED
from alerta_utec.deployments.routes import HTTP_ROUTE_KEYS
from alerta_utec.handlers.routes import WEBSOCKET_ROUTES
from tests.contract.builders import T0
from tests.meta.conftest import Packaged
from tests.support.emulator import ROOT

PAGE = (ROOT / "alerta_utec" / "static" / "index.html").read_text()
# What a panel asks for when it opens, by route key.
OPENED = ["GET /", "GET /config.json", "GET /me", "GET /stats"]
OPENED += ["GET /panel/{file}"] * len(re.findall(r'"panel/', PAGE))


def test_every_route_with_limits_of_its_own_exists_before_its_stage(packaged: Packaged) -> None:
    resources = packaged.template["Resources"]
    routes = {
        resource["Properties"]["RouteKey"]: name
        for name, resource in packaged.of_type("AWS::ApiGatewayV2::Route").items()
    }
    web_sockets, http = (
        resources[name]["Properties"]["RouteSettings"]
        for name in ("WebsocketsDeploymentStage", "HttpApiStage")
    )

    assert set(web_sockets) == {route.key for route in WEBSOCKET_ROUTES} - {"$disconnect"}
    assert {key for key in HTTP_ROUTE_KEYS if key.split(" ")[0] not in ("GET", "HEAD")} <= set(http)
    assert {routes[key] for key in http} <= set(resources["HttpApiStage"]["DependsOn"])
    for settings in (*web_sockets.values(), *http.values()):
        assert 0 < settings["ThrottlingRateLimit"] <= settings["ThrottlingBurstLimit"]
    # As of the default, which a route with settings of its own does not inherit.
    assert all(one["DataTraceEnabled"] is False for one in web_sockets.values())


def test_reports_have_room_however_often_others_ping(packaged: Packaged) -> None:
    stage = packaged.template["Resources"]["WebsocketsDeploymentStage"]["Properties"]
    rates = {name: one["ThrottlingRateLimit"] for name, one in stage["RouteSettings"].items()}

    # Of the 10,000 a second that an account has for all its APIs (API Gateway quotas), most is for
    # the posts of broadcasts.
    assert sum(rates.values()) + stage["DefaultRouteSettings"]["ThrottlingRateLimit"] <= 4000
    assert rates["notify"] >= SHARED.per_s


def test_a_thousand_panels_that_open_within_seconds_are_all_served(packaged: Packaged) -> None:
    stage = packaged.template["Resources"]["HttpApiStage"]["Properties"]
    limits = InProcessRateLimits()

    refused = []
    for number in range(1000):
        at = T0 + number * timedelta(seconds=5) / 1000
        for key in OPENED:
            settings = stage["RouteSettings"].get(key, stage["DefaultRouteSettings"])
            rate, burst = settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]
            if limits.take(key, at, per_s=rate, burst=burst):
                refused.append(key)

    assert len(OPENED) > 7
    assert refused == []
