"""Names of the operator's own for both APIs, and the origins that may use them."""

from typing import Any

import pytest

from alerta_utec.domain.origins import Origins
from tests.meta.conftest import Packaged, package

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
PORTAL = "https://portal.example.edu"
# The template's references, as AWS fills them in.
FILLED = {
    "${HttpApi}": "a1b2c3d4e5",
    "${WebsocketsApi}": "f6g7h8i9j0",
    "${AWS::Region}": "us-east-1",
    "${AWS::URLSuffix}": "amazonaws.com",
}
OWN_PAGE = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com"
SOCKETS = "f6g7h8i9j0.execute-api.us-east-1.amazonaws.com"


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    """The stage ``dev`` with a name and a list of origins."""
    settings = {"domain": "alerta.example.edu", "certificateArn": CERTIFICATE, "origins": PORTAL}
    options = [f"--param={name}={value}" for name, value in settings.items()]
    return package(tmp_path_factory.mktemp("named") / "checkout", *options)


def filled(value: Any) -> str:
    """Return a value of the template as CloudFormation does."""
    text = str(value["Fn::Sub"] if isinstance(value, dict) else value)
    for reference, name in FILLED.items():
        text = text.replace(reference, name)
    return text


def variables(packaged: Packaged, function: str) -> dict[str, Any]:
    """Return the environment of a function."""
    found = packaged.of_type("AWS::Lambda::Function")[f"{function}LambdaFunction"]
    return dict(found["Properties"]["Environment"]["Variables"])


def outputs(packaged: Packaged, *names: str) -> list[str]:
    """Return these outputs."""
    return [filled(packaged.template["Outputs"][name]["Value"]) for name in names]


def test_each_api_has_a_name_of_its_own_without_a_stage(named: Packaged) -> None:
    domains = named.of_type("AWS::ApiGatewayV2::DomainName")
    mappings = named.of_type("AWS::ApiGatewayV2::ApiMapping")

    mapped = {
        domains[one["Properties"]["DomainName"]["Ref"]]["Properties"]["DomainName"]: (
            one["Properties"]["ApiId"]["Ref"],
            one["Properties"]["Stage"],
            one["Properties"].get("ApiMappingKey"),
        )
        for one in mappings.values()
    }
    assert mapped == {
        "alerta.example.edu": ("HttpApi", "$default", None),
        "ws.alerta.example.edu": ("WebsocketsApi", "dev", None),
    }
    assert outputs(named, "HttpUrl", "WebSocketUrl") == [
        "https://alerta.example.edu",
        "wss://ws.alerta.example.edu",
    ]
    assert {"HttpDomainTarget", "WebSocketDomainTarget"} <= named.template["Outputs"].keys()


def test_clients_and_receivers_are_told_the_names(named: Packaged) -> None:
    assert variables(named, "Http")["WEBSOCKET_URL"] == "wss://ws.alerta.example.edu"
    assert variables(named, "Alarm")["PANEL_URL"] == "https://alerta.example.edu"
    assert variables(named, "Webhook")["WEBHOOK_SOURCE"] == "https://alerta.example.edu"
    # A custom domain's @connections has no stage; IAM's permissions are for the API itself.
    assert filled(variables(named, "Notify")["MANAGEMENT_ENDPOINT"]) == f"https://{SOCKETS}/dev"


def test_without_a_name_the_addresses_are_those_of_api_gateway(packaged: Packaged) -> None:
    assert not packaged.of_type("AWS::ApiGatewayV2::DomainName")
    assert filled(variables(packaged, "Http")["WEBSOCKET_URL"]) == f"wss://{SOCKETS}/dev"
    assert filled(variables(packaged, "Alarm")["PANEL_URL"]) == OWN_PAGE
    assert outputs(packaged, "HttpUrl", "WebSocketUrl") == [OWN_PAGE, f"wss://{SOCKETS}/dev"]


@pytest.mark.parametrize("function", ["Connect", "Http", "Webhookapi"])
def test_a_list_of_origins_admits_the_services_own_pages(named: Packaged, function: str) -> None:
    origins = Origins(tuple(filled(variables(named, function)["ORIGINS"]).split(",")))

    for page in (PORTAL, OWN_PAGE, "https://alerta.example.edu"):
        assert origins.allow(page, SOCKETS), page
    for page in ("https://evil.example", f"https://{SOCKETS}", "http://alerta.example.edu"):
        assert not origins.allow(page, SOCKETS), page


def test_any_origin_stays_any_origin(packaged: Packaged) -> None:
    assert Origins(tuple(filled(variables(packaged, "Connect")["ORIGINS"]).split(","))).any
