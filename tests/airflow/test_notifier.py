"""The notifier, called by Airflow when a task fails."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from alerta_utec.airflow.notifier import AlertaUtecNotifier
from alerta_utec.client import AlertaUtec
from alerta_utec.domain.values import Urgency
from tests.airflow.conftest import Connect
from tests.support.emulator import free_port


@pytest.fixture
def where() -> str:
    """A location that no other test uses."""
    return f"Sala {uuid4().hex}"


def test_a_failed_task_whose_callback_runs_twice_is_one_incident(
    dags: Any, alerta: AlertaUtec, where: str
) -> None:
    run = dags["fails_and_tells_twice"].test(run_conf={"location": where})

    assert run.state == "failed"
    (incident,) = alerta.incidents(location=where)
    assert (incident.type, incident.urgency) == ("copia fallida", Urgency.HIGH)
    assert incident.description.splitlines() == [
        f"DAG fails_and_tells_twice, ejecución {run.run_id}, tarea copy_backups, intento 1",
        f"disco lleno en {where}",
    ]


def test_the_dag_processors_run_of_the_callback_is_the_same_incident(
    dags: Any, alerta: AlertaUtec, where: str, capsys: Any
) -> None:
    from airflow.callbacks.callback_requests import TaskCallbackRequest
    from airflow.dag_processing.dagbag import DagBag
    from airflow.dag_processing.processor import _execute_task_callbacks
    from structlog import get_logger

    run = dags["fails_and_tells_two"].test(run_conf={"location": where})
    (ti,) = run.get_task_instances()
    lost = TaskCallbackRequest(
        filepath="failing.py",
        bundle_name="dags-folder",
        bundle_version=None,
        msg="The worker's heartbeats have stopped.",
        ti=ti,
        context_from_server={"dag_run": run, "max_tries": 0},
    )

    _execute_task_callbacks(DagBag(dags["fails_and_tells_two"].fileloc), lost, get_logger())

    assert len(list(alerta.incidents(location=where))) == 2  # there are two notifiers
    written = capsys.readouterr().out
    # The DAG processor lacks the exception, so one notifier's text differs from the worker's.
    assert "ya estaba avisado, con otro texto" in written
    assert written.count("ya estaba avisado") == 2


def test_a_notifier_reports_each_mapped_task_with_its_own_text(
    dags: Any, alerta: AlertaUtec, where: str
) -> None:
    dags["fails_in_parts"].test(run_conf={"location": where})

    told = sorted(each.description for each in alerta.incidents(location=where))
    assert [text[-1] for text in told] == ["A", "B"]
    assert ["[0]" in told[0], "[1]" in told[1]] == [True, True]


def test_a_notifier_without_arguments_names_the_dag_and_the_reason(
    dags: Any, alerta: AlertaUtec
) -> None:
    run = dags["fails_and_says_what"].test(run_conf={"location": "Sótano"})

    incidents = alerta.incidents(location="Airflow, DAG fails_and_says_what")
    (incident,) = (each for each in incidents if run.run_id in each.description)
    assert "disco lleno en Sótano" in incident.description


def test_an_unreachable_service_is_logged(
    dags: Any, connect: Connect, capsys: Any, where: str
) -> None:
    connect(host=f"http://127.0.0.1:{free_port()}", extra={"patience_s": 0.2})

    run = dags["fails_and_says_what"].test(run_conf={"location": where})

    assert run.state == "failed"
    written = capsys.readouterr().out
    assert "Alerta UTEC no recibió el aviso (clave airflow-" in written
    assert "Connection refused" in written


@pytest.mark.parametrize("connection", [{}, {"host": "alerta.example.edu"}])
def test_a_connection_without_an_address_is_logged(
    connection: dict[str, str], connect: Connect, capsys: Any
) -> None:
    connect(**connection)

    with pytest.raises(ValueError, match="http://"):
        AlertaUtecNotifier()({"run_id": "r-1"})

    assert "necesita en «host» la dirección HTTP" in capsys.readouterr().out


def deadline(run_id: str) -> dict[str, Any]:
    """Return the context of a missed deadline's callback."""
    dag_run = {"dag_id": "nocturno", "dag_run_id": run_id}
    return {"dag_run": dag_run, "deadline": {"id": "d-1", "deadline_time": "2026-11-24T06:00:00Z"}}


async def missed(context: dict[str, Any], **arguments: Any) -> list[dict[str, Any]]:
    """Run the triggerer's callback trigger for a deadline, and return its events."""
    from airflow.triggers.callback import CallbackTrigger

    path = f"{AlertaUtecNotifier.__module__}.{AlertaUtecNotifier.__qualname__}"
    trigger = CallbackTrigger(path, {**arguments, "context": context})
    return [event.payload async for event in trigger.run()]


def test_the_triggerer_reports_a_missed_deadline_once(alerta: AlertaUtec, where: str) -> None:
    context = deadline(where)

    first = asyncio.run(missed(context, location=where, type="plazo vencido"))
    second = asyncio.run(missed(context, location=where, type="plazo vencido"))

    assert [first[-1]["state"], second[-1]["state"]] == ["success", "success"]
    (incident,) = alerta.incidents(location=where)
    assert incident.description == f"DAG nocturno, ejecución {where}, plazo vencido"


def test_a_failure_in_the_triggerer_is_logged(connect: Connect, capsys: Any) -> None:
    connect(host=f"http://127.0.0.1:{free_port()}", extra={"patience_s": 0.2})

    events = asyncio.run(missed(deadline("r-1")))

    assert events[-1]["state"] == "failed"
    assert "Alerta UTEC no recibió el aviso" in capsys.readouterr().out
