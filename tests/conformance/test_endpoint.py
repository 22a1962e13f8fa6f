"""How the suite finds the parts of a deployment that is given by URL."""

import pytest

from tests.conformance import differences
from tests.conformance.targets import remote, stack_http_url, wait_for_broadcasts
from tests.support.deployment import Deployment
from tests.support.server import Server


def test_the_http_api_is_found_through_the_stack_of_the_websocket_api(
    deployment: Deployment,
) -> None:
    url = stack_http_url(deployment.client("cloudformation"), deployment.outputs["WebSocketApiId"])

    assert url == deployment.outputs["HttpUrl"]


def test_a_deployment_differs_in_nothing_and_is_called_with_real_credentials() -> None:
    target = remote(
        "wss://a1b2c3d4e5.execute-api.us-west-2.amazonaws.com/dev/", "https://alerta.example.edu/"
    )

    assert target.ws_url == "wss://a1b2c3d4e5.execute-api.us-west-2.amazonaws.com/dev"
    assert target.management_url == "https://a1b2c3d4e5.execute-api.us-west-2.amazonaws.com/dev"
    assert target.http_url == "https://alerta.example.edu"
    assert target.region == "us-west-2"
    assert target.own_credentials
    assert target.shared
    assert target.deviations == {}


def test_a_local_gateway_has_everything_on_one_port() -> None:
    target = remote("ws://127.0.0.1:8000/dev", None)

    assert target.management_url == "http://127.0.0.1:8000/dev"
    assert target.http_url == "http://127.0.0.1:8000"
    assert target.deviations == differences.LOCAL
    assert not target.own_credentials


def test_a_deployment_is_tested_once_a_drill_comes_back(server: Server) -> None:
    target = remote(server.ws_url, None)

    wait_for_broadcasts(target)

    listed = target.get("/incidents", location="make conformance").json()["incidents"]
    assert [one["drill"] for one in listed] == [True]


def test_a_difference_that_is_not_listed_cannot_be_asked_for() -> None:
    target = remote("ws://127.0.0.1:8000/dev", None)

    with pytest.raises(AssertionError, match=r"not in differences\.py"):
        target.differs("nothing" + "_listed")
