"""The access logs of both APIs, with the values that API Gateway writes into their formats."""

import json
import re
from itertools import product

import pytest

from tests.meta.conftest import Packaged

# The values of each variable by API Gateway's developer guide ("Variables for access logging for
# API Gateway" and "Configure logging for WebSocket APIs"); "-" is what a missing one is.
MISSING = "-"
VALUES = {
    "requestId": ("BFHPhfCWIAMCKlQ=",),
    "requestTimeEpoch": ("1763316720123",),
    "eventType": ("CONNECT", "MESSAGE", "DISCONNECT"),
    "routeKey": ("$connect", "notify", "$default", "GET /incidents/{incidentId}"),
    "connectionId": ("BFHPhdIWIAMAbcd=",),
    "status": ("101", "200", "500"),
    "identity.sourceIp": ("203.0.113.7", "2001:db8::1"),
    "integrationStatus": ("200", "502"),
    "integrationLatency": ("38",),
    "responseLatency": ("41",),
    "responseLength": ("2048",),
    "integrationErrorMessage": ("The integration's response isn't valid.",),
    "error.message": ("Internal server error", "Forbidden"),
    # "The quoted value of $context.error.message".
    "error.messageString": ('"Internal server error"', '"Forbidden"'),
}
VARIABLE = re.compile(r"\$context\.([\w.]+)")


@pytest.fixture(scope="module", params=["WebsocketsDeploymentStage", "HttpApiStage"])
def log_format(request: pytest.FixtureRequest, packaged: Packaged) -> str:
    """Return the format of one API's access log."""
    stage = packaged.template["Resources"][request.param]["Properties"]
    return str(stage["AccessLogSettings"]["Format"])


def filled(log_format: str, values: dict[str, str]) -> str:
    """Return the line that API Gateway would write."""
    return VARIABLE.sub(lambda match: values[match[1]], log_format)


def test_every_line_of_an_access_log_is_one_json_object(log_format: str) -> None:
    names = VARIABLE.findall(log_format)
    choices = [(MISSING, *VALUES[name]) for name in names]

    for chosen in product(*choices):
        line = filled(log_format, dict(zip(names, chosen, strict=True)))
        found = json.loads(line)
        assert "\n" not in line
        assert list(found.values()) == list(chosen), line


def test_a_failed_request_has_its_error_in_a_field(log_format: str) -> None:
    values = {name: known[-1] for name, known in VALUES.items()}

    error = json.loads(filled(log_format, values))["error"]

    assert error in {VALUES["error.message"][-1], VALUES["integrationErrorMessage"][-1]}
