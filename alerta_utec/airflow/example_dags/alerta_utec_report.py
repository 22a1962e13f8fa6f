"""Every Monday: the statistics of the last days, as JSON and as an HTML page.

A run that is triggered by hand accepts ``days`` (1 to 31) and ``folder``.
"""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task
from jinja2 import Environment, FileSystemLoader

from alerta_utec.airflow.hook import AlertaUtecHook

HERE = Path(__file__).parent
FOLDER = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser() / "alerta-utec"


def page(stats: dict[str, Any], made_at: datetime) -> str:
    """Return the statistics as an HTML page, with every text escaped."""
    environment = Environment(loader=FileSystemLoader(HERE), autoescape=True)
    return environment.get_template("report.html.jinja").render(stats=stats, made_at=made_at)


def write(path: Path, text: str) -> None:
    """Write a file atomically, so that no reader sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


@dag(
    schedule="0 6 * * 1",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    params={
        "days": Param(7, type="integer", minimum=1, maximum=31, title="Días"),
        "folder": Param(str(FOLDER), type="string", title="Carpeta"),
    },
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1)},
    tags=["alerta-utec"],
    doc_md=__doc__,
)
def alerta_utec_report() -> None:
    """Fetch the statistics, then write both files."""

    @task
    def count() -> dict[str, Any]:
        with AlertaUtecHook().get_conn() as alerta:
            return alerta.stats(days=get_current_context()["params"]["days"])

    @task
    def publish(stats: dict[str, Any]) -> list[str]:
        made_at = datetime.now(UTC)
        base = Path(get_current_context()["params"]["folder"]) / f"alerta-utec-{made_at:%Y-%m-%d}"
        files = {
            base.with_suffix(".json"): json.dumps(stats, ensure_ascii=False, indent=2) + "\n",
            base.with_suffix(".html"): page(stats, made_at),
        }
        for path, text in files.items():
            write(path, text)
        return [str(path) for path in files]

    publish(count())  # type: ignore[arg-type]  # Airflow replaces the reference by its value


alerta_utec_report()
