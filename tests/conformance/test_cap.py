"""Incidents as CAP alerts."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conformance.targets import Target
from tests.conformance.test_http import assert_problem
from tests.support.cap import Alert
from tests.support.incidents import incident, unique
from tests.support.wsclient import WsClient


def alert_of(target: Target, incident_id: str, **query: str) -> Alert:
    """Return the incident's alert, which must be valid."""
    answer = target.get(f"/incidents/{incident_id}/cap", **query)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/cap+xml; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    return Alert(answer.body)


def move(client: WsClient, incident_id: str, **fields: object) -> None:
    """Update an incident."""
    ack = client.request({"action": "update", "incidentId": incident_id, **fields})
    assert ack["type"] == "ack", ack


def test_the_alerts_of_an_incident_refer_to_each_other(target: Target, client: WsClient) -> None:
    place = unique("Aula")
    name = client.notify(incident(type="Humo", location=place, urgency="high"))["incidentId"]

    first = alert_of(target, name)
    move(client, name, status="en_atencion")
    second = alert_of(target, name)
    move(client, name, status="resuelto", note="Extintor usado")
    third = alert_of(target, name)

    alerts = (first, second, third)
    assert [alert.one("msgType") for alert in alerts] == ["Alert", "Update", "Update"]
    assert third.one("references").split() == [first.reference, second.reference]
    assert {alert.one("incidents") for alert in alerts} == {name}
    assert {(alert.one("status"), alert.one("areaDesc")) for alert in alerts} == {("Actual", place)}
    assert [alert.one("urgency") for alert in alerts] == ["Immediate", "Immediate", "Past"]
    assert third.all("responseType") == ["AllClear"]
    assert "Extintor usado" in third.one("description")


def test_text_of_every_kind_arrives_whole(target: Target, client: WsClient) -> None:
    odd = "Señal <b>&amp; ]]> 温度 🎓 \" '"
    name = client.notify(incident(type=odd, location=odd, description=odd))["incidentId"]

    alert = alert_of(target, name)

    assert {alert.one(element) for element in ("event", "areaDesc", "description")} == {odd}


def test_a_test_is_marked_as_one_and_is_another_message(target: Target, client: WsClient) -> None:
    name = client.notify(incident())["incidentId"]

    actual, test = alert_of(target, name), alert_of(target, name, status="Test")

    assert (actual.one("status"), test.one("status")) == ("Actual", "Test")
    assert actual.one("identifier") != test.one("identifier")


def test_the_alert_leads_to_the_incident_in_the_panel(target: Target, client: WsClient) -> None:
    name = client.notify(incident(incidentId=unique("a:b")))["incidentId"]

    address = urlsplit(alert_of(target, name).one("web"))

    assert address.netloc == urlsplit(target.http_url).netloc
    assert parse_qs(address.fragment) == {"i": [name]}


@pytest.mark.parametrize("status", ["Actual", "Exercise", "x"])
def test_a_receiver_cannot_choose_another_status(
    target: Target, client: WsClient, status: str
) -> None:
    name = client.notify(incident(drill=True))["incidentId"]

    answer = target.get(f"/incidents/{name}/cap", status=status)

    assert_problem(answer, 400, "invalid_request")


def test_there_is_no_alert_of_an_unknown_incident(target: Target) -> None:
    assert_problem(target.get(f"/incidents/{unique()}/cap"), 404, "not_found")


def test_the_document_of_the_api_names_the_type_that_comes(target: Target) -> None:
    operation = target.documents.openapi["paths"]["/incidents/{incidentId}/cap"]["get"]

    assert list(operation["responses"]["200"]["content"]) == ["application/cap+xml"]
