"""DAGs that report, update and wait for incidents."""

from datetime import UTC, datetime

from airflow.sdk import DAG

from alerta_utec.airflow.operators import AlertaUtecNotifyOperator, AlertaUtecUpdateOperator
from alerta_utec.airflow.sensor import AlertaUtecIncidentSensor

START = datetime(2026, 1, 1, tzinfo=UTC)

with DAG("report_and_move", schedule=None, start_date=START):
    reported = AlertaUtecNotifyOperator(
        task_id="report",
        type="humo",
        location="{{ dag_run.conf['location'] }}",
        urgency="alta",
        description="{{ dag.dag_id }}",
        extra={"sensor": "{{ dag_run.conf['sensor'] }}"},
    )
    moved = AlertaUtecUpdateOperator(
        task_id="move",
        incident_id="{{ ti.xcom_pull('report')['incident_id'] }}",
        status="en_atencion",
        note="{{ dag_run.conf['note'] }}",
        revision="{{ ti.xcom_pull('report')['revision'] }}",
    )
    reported >> moved

with DAG("report_wrongly", schedule=None, start_date=START, default_args={"retries": 3}):
    AlertaUtecNotifyOperator(task_id="report", type="humo", location="Patio", urgency="regular")

with DAG("move_an_old_revision", schedule=None, start_date=START):
    for skip in (False, True):
        AlertaUtecUpdateOperator(
            task_id=f"move_{skip}",
            incident_id="{{ dag_run.conf['incident_id'] }}",
            urgency="high",
            revision=1,
            skip_on_conflict=skip,
        )

with DAG("wait", schedule=None, start_date=START):
    AlertaUtecIncidentSensor(
        task_id="wait",
        incident_id="{{ dag_run.conf['incident_id'] }}",
        status="{{ dag_run.conf['status'] }}",
        since_revision="{{ dag_run.conf.get('since_revision', 1) }}",
        poke_interval=0.05,
    )

with DAG("wait_in_a_worker", schedule=None, start_date=START):
    AlertaUtecIncidentSensor(
        task_id="wait",
        incident_id="{{ dag_run.conf['incident_id'] }}",
        status=["en_atencion", "resuelto"],
        poke_interval=0.05,
        deferrable=False,
    )
