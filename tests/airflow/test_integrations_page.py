"""The section for Airflow in docs/integrations.es.md, run as it is written."""

import json
import re
from typing import Any

import pytest

from alerta_utec.client import AlertaUtec
from tests.airflow.conftest import CONNECTION, PAGE, Connect
from tests.support.server import Server


def documented() -> dict[str, Any]:
    """Return the connection that the page exports."""
    found = re.search(rf"^export {CONNECTION}='(.*)'$", PAGE, re.MULTILINE)
    assert found is not None
    fields: dict[str, Any] = json.loads(found[1])
    return fields


def test_the_documented_dag_reports_and_waits_until_the_incident_is_resolved(
    dags: Any,
    alerta: AlertaUtec,
    server: Server,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect(**documented() | {"host": server.http_url})
    dag = dags["revision_nocturna"]
    before = {each.incident_id for each in alerta.incidents(location="Laboratorio B")}

    def resolve(context: Any) -> None:
        (new,) = (
            each
            for each in alerta.incidents(location="Laboratorio B")
            if each.incident_id not in before
        )
        alerta.update(new.incident_id, status="resuelto")

    monkeypatch.setattr(dag.get_task("avisar"), "on_success_callback", [resolve])
    run = dag.test()

    assert run.state == "success"
    states = {ti.task_id: str(ti.state) for ti in run.get_task_instances()}
    assert states == {"avisar": "success", "esperar": "success"}


def test_the_documented_dag_reports_its_own_failure(
    dags: Any, alerta: AlertaUtec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dags["revision_nocturna"].get_task("avisar"), "urgency", "regular")

    run = dags["revision_nocturna"].test()

    assert run.state == "failed"
    told = [each.description for each in alerta.incidents(location="Centro de datos")]
    assert any(run.run_id in each and "incident.urgency" in each for each in told)
