"""The sensor: it waits in the triggerer, and in a worker where it is told to."""

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
from tests.unit.client.flaky import PASS, Flaky, Lost, problem


@pytest.fixture
def own(alerta: AlertaUtec) -> str:
    """The id of a new incident."""
    return alerta.notify(type="humo", location="Patio", urgency="low").incident_id


def result(run: Any, task_id: str = "wait") -> Any:
    """The XCom of a task of a run."""
    return run.get_task_instance(task_id).xcom_pull(task_ids=task_id)


def moving(alerta: AlertaUtec, own: str, *statuses: str) -> Callable[[], None]:
    """Somebody who moves the incident on."""

    def move() -> None:
        for status in statuses:
            alerta.update(own, status=status)

    return move


def test_it_defers_and_goes_on_once_the_incident_is_resolved(
    dags: Any,
    alerta: AlertaUtec,
    own: str,
    server: Server,
    connect: Connect,
    capsys: Any,
    caplog: Any,
) -> None:
    # The sensor looks, the trigger looks, and while it looks again everything happens at once.
    lost = Lost(then=moving(alerta, own, "en_atencion", "resuelto"))

    with Flaky(server.http_url, [PASS, PASS, lost, problem("unavailable", 503)]) as proxy:
        connect(host=proxy.url)
        run = dags["wait"].test(run_conf={"incident_id": own, "status": "Resuelto"})

    assert run.state == "success"
    assert result(run)["status"] == "resuelto"
    assert len(proxy.seen) == 5
    assert "[DAG TEST] running trigger in line" in caplog.text
    written = capsys.readouterr().out
    assert "Alerta UTEC no responde, se insiste" in written


def test_a_status_that_it_was_in_only_for_a_moment_counts(
    dags: Any, alerta: AlertaUtec, own: str, server: Server, connect: Connect
) -> None:
    lost = Lost(then=moving(alerta, own, "en_atencion", "resuelto"))

    with Flaky(server.http_url, [PASS, lost]) as proxy:
        connect(host=proxy.url)
        run = dags["wait"].test(run_conf={"incident_id": own, "status": "en_atencion"})

    assert run.state == "success"
    assert result(run)["status"] == "resuelto"


def test_where_it_is_so_already_it_does_not_wait(dags: Any, alerta: AlertaUtec, own: str) -> None:
    alerta.update(own, status="resuelto")

    run = dags["wait"].test(run_conf={"incident_id": own, "status": "resuelto"})

    assert run.state == "success"


def test_in_a_worker_it_looks_again_and_again(
    dags: Any, alerta: AlertaUtec, own: str, server: Server, connect: Connect
) -> None:
    lost = Lost(then=moving(alerta, own, "en_atencion"))

    with Flaky(server.http_url, [PASS, PASS, lost]) as proxy:
        connect(host=proxy.url)
        run = dags["wait_in_a_worker"].test(run_conf={"incident_id": own})

    assert run.state == "success"
    assert result(run)["status"] == "en_atencion"


def test_an_incident_that_there_is_not_fails_for_good(dags: Any, alerta: AlertaUtec) -> None:
    run = dags["wait"].test(run_conf={"incident_id": "no-existe", "status": "resuelto"})

    assert run.state == "failed"


def trigger_for(incident_id: str) -> AlertaUtecIncidentTrigger:
    """A trigger as the sensor makes it."""
    return AlertaUtecIncidentTrigger(
        incident_id=incident_id,
        statuses=["resuelto"],
        since_revision=1,
        poll_interval_s=0.05,
        alerta_utec_conn_id="alerta_utec_default",
    )


def test_what_the_service_refuses_ends_the_waiting(alerta: AlertaUtec) -> None:
    async def events() -> list[Any]:
        return [event.payload async for event in trigger_for("no-existe").run()]

    (event,) = asyncio.run(events())

    assert event.keys() == {"error"}
    with pytest.raises(AirflowFailException, match="not_found"):
        AlertaUtecIncidentSensor(task_id="t", incident_id="x").execute_complete({}, event)


def test_another_triggerer_makes_the_same_trigger_of_what_is_kept() -> None:
    from airflow.sdk._shared.module_loading import import_string

    path, arguments = trigger_for("i-1").serialize()
    again = import_string(path)(**arguments)

    assert isinstance(again, AlertaUtecIncidentTrigger)
    assert again.serialize() == (path, arguments)


def test_a_status_is_what_a_person_means_or_nothing() -> None:
    assert status_of("En atención") == "en_atencion"
    with pytest.raises(ValueError, match="pendiente, en_atencion, resuelto"):
        status_of("cerrado")
