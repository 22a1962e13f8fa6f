"""The operators, in runs of real DAGs."""

from typing import Any
from uuid import uuid4

from alerta_utec.client import AlertaUtec
from alerta_utec.domain.values import Status, Urgency


def states(run: Any) -> dict[str, str]:
    """Return the state of each task of a run."""
    return {ti.task_id: str(ti.state) for ti in run.get_task_instances()}


def test_a_run_reports_and_updates_with_rendered_templates(dags: Any, alerta: AlertaUtec) -> None:
    where = f"Sala {uuid4().hex}"
    conf = {"location": where, "sensor": "H-3", "note": "Voy"}

    run = dags["report_and_move"].test(run_conf=conf)

    assert run.state == "success"
    (incident,) = alerta.incidents(location=where)
    assert (incident.urgency, incident.status) == (Urgency.HIGH, Status.EN_ATENCION)
    assert (incident.description, incident.extras) == ("report_and_move", {"sensor": "H-3"})
    assert alerta.incident(incident.incident_id).history[1]["note"] == "Voy"


def test_tasks_that_run_again_change_nothing(dags: Any, alerta: AlertaUtec) -> None:
    where = f"Sala {uuid4().hex}"
    dag = dags["report_and_move"]
    conf = {"location": where, "sensor": "H-3", "note": "Voy"}
    run = dag.test(run_conf=conf)

    # Airflow clears the same run and executes every task again.
    again = dag.test(run_conf=conf, logical_date=run.logical_date, run_after=run.run_after)

    assert again.run_id == run.run_id
    assert states(again) == {"report": "success", "move": "success"}
    (incident,) = alerta.incidents(location=where)
    assert incident.revision == 2


def test_a_refused_report_fails_without_a_retry_and_says_why(
    dags: Any, alerta: AlertaUtec, capsys: Any
) -> None:
    run = dags["report_wrongly"].test()

    assert states(run) == {"report": "failed"}
    assert "incident.urgency: debe ser uno de: low, medium, high" in capsys.readouterr().out


def test_a_task_with_an_old_revision_fails_or_is_skipped(dags: Any, alerta: AlertaUtec) -> None:
    own = alerta.notify(type="humo", location="Patio", urgency="low").incident_id
    alerta.update(own, note="Yo lo vi")

    run = dags["move_an_old_revision"].test(run_conf={"incident_id": own})

    assert states(run) == {"move_False": "failed", "move_True": "skipped"}
    assert alerta.incident(own).incident.urgency is Urgency.LOW
