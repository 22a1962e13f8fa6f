"""DAGs whose tasks fail and report it."""

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import DAG, task

from alerta_utec.airflow.notifier import AlertaUtecNotifier

START = datetime(2026, 1, 1, tzinfo=UTC)


def failing(**arguments: Any) -> Any:
    """Return a task that fails with a text from the run's configuration."""

    @task(**arguments)
    def copy_backups(part: str = "") -> None:
        from airflow.sdk import get_current_context

        conf = get_current_context()["dag_run"].conf or {}
        raise RuntimeError(f"disco lleno en {conf['location']} {part}")

    return copy_backups


placed = AlertaUtecNotifier(
    type="copia fallida", location="{{ dag_run.conf['location'] }}", urgency="high"
)
elsewhere = AlertaUtecNotifier(location="{{ dag_run.conf['location'] }}", description="Otro aviso")

with DAG("fails_and_tells_twice", schedule=None, start_date=START):
    failing(on_failure_callback=[placed, placed])()

with DAG("fails_and_tells_two", schedule=None, start_date=START):
    failing(on_failure_callback=[placed, elsewhere])()

with DAG("fails_in_parts", schedule=None, start_date=START):
    failing(on_failure_callback=placed).expand(part=["A", "B"])

with DAG("fails_and_says_what", schedule=None, start_date=START):
    failing(on_failure_callback=AlertaUtecNotifier())()
