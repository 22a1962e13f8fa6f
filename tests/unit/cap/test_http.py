"""An incident as a CAP alert over HTTP."""

import json
from typing import Any

import pytest

from alerta_utec.domain.panel_links import incident_page
from tests import events
from tests.support.cap import Alert
from tests.support.incidents import incident
from tests.unit.handlers.conftest import ServiceOverFakes


def _answer(service: ServiceOverFakes, **parts: Any) -> dict[str, Any]:
    return service.http(events.load("http_cap") | parts)


def _refusal(service: ServiceOverFakes, **parts: Any) -> tuple[int, dict[str, Any]]:
    answer = _answer(service, **parts)
    return answer["statusCode"], json.loads(answer["body"])


def test_the_route_returns_the_alert_with_its_address_in_the_panel(
    service: ServiceOverFakes,
) -> None:
    service.submit(incident(incidentId="aula-1", urgency="high"))

    answer = _answer(service)

    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"] == "application/cap+xml; charset=utf-8"
    assert answer["headers"]["Cache-Control"] == "no-store"
    alert = Alert(answer["body"].encode())
    assert (alert.one("status"), alert.one("msgType")) == ("Actual", "Alert")
    assert alert.one("web") == "https://f6g7h8i9j0.execute-api.us-east-1.amazonaws.com/#i=aula-1"


def test_an_update_refers_to_the_earlier_alerts(service: ServiceOverFakes) -> None:
    service.submit(incident(incidentId="aula-1"))
    first = Alert(_answer(service)["body"].encode())
    service.get("http_patch")

    second = Alert(_answer(service)["body"].encode())

    assert second.one("references") == first.reference


def test_the_status_test_asks_for_a_test_alert(service: ServiceOverFakes) -> None:
    service.submit(incident(incidentId="aula-1"))

    answer = _answer(service, queryStringParameters={"status": "Test"})

    assert Alert(answer["body"].encode()).one("status") == "Test"


@pytest.mark.parametrize("status", ["Actual", "Exercise", "test", "", "Test,Test"])
def test_any_other_status_is_refused(service: ServiceOverFakes, status: str) -> None:
    service.submit(incident(incidentId="aula-1"))

    code, problem = _refusal(service, queryStringParameters={"status": status})

    assert (code, problem["code"]) == (400, "invalid_request")
    assert problem["errors"] == [{"field": "status", "problem": "debe ser uno de: Test"}]


def test_an_unknown_incident_has_no_alert(service: ServiceOverFakes) -> None:
    code, problem = _refusal(service)

    assert (code, problem["code"]) == (404, "not_found")


@pytest.mark.parametrize("panel", ["http://127.0.0.1:8000", "https://a.example/alerta"])
def test_the_page_of_an_alert_is_the_panel_s_of_its_incident(panel: str) -> None:
    assert incident_page(panel, "a:1") == f"{panel}/#i=a%3A1"
