"""Drills: every broadcast of an incident is marked as a drill."""

from functools import partial

import pytest

from tests.conformance.targets import Target
from tests.conformance.test_cap import alert_of, move
from tests.conformance.test_http import assert_problem
from tests.support.eventually import eventually
from tests.support.incidents import has, incident, unique
from tests.support.wsclient import DELIVERY_S, WsClient


def test_a_drill_is_marked_in_every_broadcast_up_to_its_resolution(
    target: Target, clients: tuple[WsClient, WsClient]
) -> None:
    actor, listener = clients
    name = actor.notify(incident(drill=True, urgency="high"))["incidentId"]

    move(actor, name, status="resuelto", drill=False)

    told = [
        listener.wait(partial(has, fields={"incidentId": name, "revision": revision}))["incident"]
        for revision in (1, 2)
    ]
    assert [one["drill"] for one in told] == [True, True]
    assert target.get(f"/incidents/{name}").json()["incident"] == told[1]
    alert = alert_of(target, name)
    assert (alert.one("status"), alert.all("responseType")) == ("Exercise", ["AllClear"])
    assert alert.one("headline").startswith("SIMULACRO: ")


@pytest.mark.parametrize("more", [{}, {"drill": False}], ids=str)
def test_an_incident_that_is_no_drill_has_no_drill_field(
    target: Target, client: WsClient, more: dict[str, bool]
) -> None:
    name = client.notify(incident(**more))["incidentId"]

    told = client.wait_update(name)["incident"]

    assert "drill" not in told
    assert "drill" not in target.get(f"/incidents/{name}").json()["incident"]


@pytest.mark.parametrize("value", ["true", 1, None, []], ids=repr)
def test_a_drill_that_is_neither_true_nor_false_is_refused(
    target: Target, client: WsClient, value: object
) -> None:
    report = incident(drill=value)

    refusal = client.notify(report)
    answer = target.call("POST", "/incidents", report)

    problem = [{"field": "incident.drill", "problem": "debe ser true o false"}]
    assert (refusal["code"], refusal["errors"]) == ("invalid_incident", problem)
    assert_problem(answer, 422, "invalid_incident")
    assert answer.json()["errors"] == problem


def test_a_repeat_is_a_duplicate_only_if_both_reports_are_drills(client: WsClient) -> None:
    name = unique()
    first = client.notify(incident(incidentId=name, drill=True))

    again = client.notify(incident(incidentId=name, drill=True))
    other = client.notify(incident(incidentId=name))

    assert (first["duplicate"], again["duplicate"]) == (False, True)
    assert other["code"] == "conflict"


def test_the_statistics_leave_out_drills(target: Target, client: WsClient) -> None:
    before = total(target)

    client.notify(incident(drill=True))
    client.notify(incident())

    after = eventually(
        lambda: total(target),
        f"more incidents than {before}",
        accept=lambda found: found != before,
        within_s=DELIVERY_S,
        every_s=0.1,
    )
    # On a shared deployment there can be more.
    assert after > before if target.shared else total(target) == before + 1


def total(target: Target) -> int:
    """Return the number of incidents of some days that no other test asks for.

    Statistics of the same days are kept for seconds.
    """
    counted: int = target.get("/stats", days="29").json()["total"]
    return counted
