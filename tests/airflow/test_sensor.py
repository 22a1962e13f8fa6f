"""The sensor, which waits in the triggerer or in a worker."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from alerta_utec.airflow.sensor import AlertaUtecIncidentSensor, status_of
from alerta_utec.airflow.trigger import AlertaUtecIncidentTrigger
from alerta_utec.client import AlertaUtec
from tests.airflow.conftest import Connect
from tests.support.server import Server
from tests.unit.client.flaky_proxy import PASS, FlakyProxy, LostResponse, problem


@pytest.fixture
def own(alerta: AlertaUtec) -> str:
    """The id of a new incident."""
    return alerta.notify(type="humo", location="Patio", urgency="low").incident_id


def result(run: Any, task_id: str = "wait") -> Any:
    """Return the XCom of a task of a run."""
    return run.get_task_instance(task_id).xcom_pull(task_ids=task_id)


def moving(alerta: AlertaUtec, own: str, *statuses: str) -> Callable[[], None]:
    """Return a function that moves the incident through the statuses."""

    def move() -> None:
        for status in statuses:
            alerta.update(own, status=status)

    return move


def test_the_sensor_defers_until_the_incident_is_resolved(
    dags: Any,
    alerta: AlertaUtec,
    own: str,
    server: Server,
    connect: Connect,
    capsys: Any,
    caplog: Any,
) -> None:
    # The sensor polls, the trigger polls, and both updates happen during the trigger's next poll.
    lost = LostResponse(then=moving(alerta, own, "en_atencion", "resuelto"))

    with FlakyProxy(server.http_url, [PASS, PASS, lost, problem("unavailable", 503)]) as proxy:
        connect(host=proxy.url)
        run = dags["wait"].test(run_conf={"incident_id": own, "status": "Resuelto"})

    assert run.state == "success"
    assert result(run)["status"] == "resuelto"
    assert len(proxy.seen) == 5
    assert "[DAG TEST] running trigger in line" in caplog.text
    written = capsys.readouterr().out
    assert "Alerta UTEC no responde, se insiste" in written


def test_a_status_that_the_incident_has_left_again_counts(
    dags: Any, alerta: AlertaUtec, own: str, server: Server, connect: Connect
) -> None:
    lost = LostResponse(then=moving(alerta, own, "en_atencion", "resuelto"))

    with FlakyProxy(server.http_url, [PASS, lost]) as proxy:
        connect(host=proxy.url)
        run = dags["wait"].test(run_conf={"incident_id": own, "status": "en_atencion"})

    assert run.state == "success"
    assert result(run)["status"] == "resuelto"


def test_a_sensor_whose_status_is_reached_does_not_wait(
    dags: Any, alerta: AlertaUtec, own: str
) -> None:
    alerta.update(own, status="resuelto")

    run = dags["wait"].test(run_conf={"incident_id": own, "status": "resuelto"})

    assert run.state == "success"


def test_a_sensor_in_a_worker_polls(
    dags: Any, alerta: AlertaUtec, own: str, server: Server, connect: Connect
) -> None:
    lost = LostResponse(then=moving(alerta, own, "en_atencion"))

    with FlakyProxy(server.http_url, [PASS, PASS, lost]) as proxy:
        connect(host=proxy.url)
        run = dags["wait_in_a_worker"].test(run_conf={"incident_id": own})

    assert run.state == "success"
    assert result(run)["status"] == "en_atencion"


def test_an_unknown_incident_fails_the_sensor(dags: Any, alerta: AlertaUtec) -> None:
    run = dags["wait"].test(run_conf={"incident_id": "no-existe", "status": "resuelto"})

    assert run.state == "failed"


def trigger_for(incident_id: str) -> AlertaUtecIncidentTrigger:
    """Return a trigger as the sensor creates it."""
    return AlertaUtecIncidentTrigger(
        incident_id=incident_id,
        statuses=["resuelto"],
        since_revision=1,
        poll_interval_s=0.05,
        alerta_utec_conn_id="alerta_utec_default",
    )


def test_a_refusal_by_the_service_ends_the_trigger(alerta: AlertaUtec) -> None:
    async def events() -> list[Any]:
        return [event.payload async for event in trigger_for("no-existe").run()]

    (event,) = asyncio.run(events())

    assert event.keys() == {"error"}
    with pytest.raises(AirflowFailException, match="not_found"):
        AlertaUtecIncidentSensor(task_id="t", incident_id="x").execute_complete({}, event)


def test_a_serialized_trigger_is_recreated_equal() -> None:
    from airflow.sdk._shared.module_loading import import_string

    path, arguments = trigger_for("i-1").serialize()
    again = import_string(path)(**arguments)

    assert isinstance(again, AlertaUtecIncidentTrigger)
    assert again.serialize() == (path, arguments)


def test_a_status_is_parsed_in_any_spelling_or_refused() -> None:
    assert status_of("En atención") == "en_atencion"
    with pytest.raises(ValueError, match="pendiente, en_atencion, resuelto"):
        status_of("cerrado")
