"""The example DAGs, unchanged, against a service with sign-in."""

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from alerta_utec.airflow.example_dags.alerta_utec_classify import RULES, UrgencyRule, raise_by_rules
from alerta_utec.client import AlertaUtec
from alerta_utec.domain.incident import Incident
from alerta_utec.domain.values import Urgency
from tests.airflow.conftest import Connect
from tests.support.server import Server
from tests.support.sign_in import WITH_SECRET, token
from tests.unit.client.flaky_proxy import PASS, FlakyProxy, LostResponse

EVIL = '<script>alert("x")</script> & {{ 7 * 7 }}'


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Server]:
    """A service without any incident."""
    with Server(tmp_path / "data", environment=WITH_SECRET) as running:
        yield running


@pytest.fixture
def manager(service: Server, connect: Connect) -> Iterator[AlertaUtec]:
    """A client with the role ``autoridad``; the connection has the same token."""
    own = token("autoridad", sub="rosa")
    connect(host=service.http_url, password=own)
    with AlertaUtec(service.http_url, token=own) as client:
        yield client


def report(manager: AlertaUtec, type: str, location: str = "Patio", urgency: str = "low") -> str:
    """Report an incident, and return its id."""
    return manager.notify(type=type, location=location, urgency=urgency).incident_id


def states(run: Any) -> list[tuple[str, int, str]]:
    """Return each task instance's name, map index and state."""
    found = run.get_task_instances()
    return sorted((each.task_id, each.map_index, str(each.state)) for each in found)


def test_the_dag_raises_the_incidents_that_match_a_rule(dags: Any, manager: AlertaUtec) -> None:
    smoke = report(manager, "Humo en el pasillo")
    leak = report(manager, "fuga de agua", "LABORATORIO A")
    drip = report(manager, "fuga de agua")
    known = report(manager, "fuga de agua", urgency="high")
    lost_keys = report(manager, "llaves perdidas")
    done = report(manager, "humo")
    manager.update(done, status="resuelto")

    first = dags["alerta_utec_classify"].test()
    second = dags["alerta_utec_classify"].test()

    now = {each: manager.incident(each) for each in (smoke, leak, drip, known, lost_keys, done)}
    assert [record.incident.urgency.value for record in now.values()] == [
        *("high", "high", "medium"),
        *("high", "low", "low"),
    ]
    assert [record.incident.revision for record in now.values()] == [2, 2, 2, 1, 1, 2]
    assert now[leak].history[-1]["note"].startswith("Urgencia subida por la regla «fuga|")
    assert (first.state, second.state) == ("success", "success")
    assert states(second) == [("classify", -1, "success"), ("raise_urgency", -1, "skipped")]


def test_an_incident_that_a_person_changes_meanwhile_waits_for_the_next_run(
    dags: Any, manager: AlertaUtec, service: Server, connect: Connect
) -> None:
    own = report(manager, "humo")
    person = {"password": token("autoridad", sub="rosa")}

    def note() -> None:
        manager.update(own, note="Yo me encargo")

    with FlakyProxy(service.http_url, [PASS, LostResponse(arrives=False, then=note)]) as proxy:
        connect(host=proxy.url, **person)
        run = dags["alerta_utec_classify"].test()
    left_alone = manager.incident(own).incident
    connect(host=service.http_url, **person)
    dags["alerta_utec_classify"].test()

    assert states(run) == [("classify", -1, "success"), ("raise_urgency", 0, "skipped")]
    assert left_alone.urgency is Urgency.LOW
    assert manager.incident(own).incident.urgency is Urgency.HIGH


def incident(**changes: Any) -> Incident:
    """Return an incident as the service stores it."""
    at = "2026-11-24T02:56:00Z"
    times = dict.fromkeys(("timestamp", "createdAt", "updatedAt"), at)
    fields = {"incidentId": "i-1", "type": "fuga", "location": "Patio", "urgency": "low"}
    return Incident.from_json(fields | times | {"revision": 3} | changes)


def test_the_highest_urgency_of_several_rules_counts() -> None:
    rules = (UrgencyRule(Urgency.MEDIUM, "fuga"), UrgencyRule(Urgency.HIGH, "fuga", "patio"))

    update = raise_by_rules(incident(), rules)

    assert update is not None
    assert (update["urgency"], update["revision"]) == ("high", 3)
    assert update["note"] == "Urgencia subida por la regla «fuga» en «patio»."


@pytest.mark.parametrize(
    "changes",
    [{"urgency": "high"}, {"urgency": "medium"}, {"type": "llaves"}, {"location": "Biblioteca"}],
)
def test_an_incident_without_a_higher_rule_stays_as_it_is(changes: dict[str, str]) -> None:
    rules = (UrgencyRule(Urgency.MEDIUM, "fuga", "patio"),)

    assert raise_by_rules(incident(**changes), rules) is None


def test_a_rule_matches_the_description_as_well_as_the_type() -> None:
    update = raise_by_rules(incident(type="aviso", description="Huele a gas"), RULES)

    assert update is not None
    assert update["urgency"] == "high"


class PageText(HTMLParser):
    """The text and the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, _attributes: Any) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data.split("\n")


def test_the_report_has_the_figures_as_json_and_as_a_page(
    dags: Any, manager: AlertaUtec, tmp_path: Path
) -> None:
    for place in (EVIL, EVIL, "Patio"):
        own = report(manager, "humo", place, "alta")
    manager.update(own, status="resuelto")
    folder = tmp_path / "informes"

    run = dags["alerta_utec_report"].test(run_conf={"folder": str(folder), "days": 3})

    assert run.state == "success"
    page, data = sorted(folder.iterdir())
    assert [data.suffix, page.suffix] == [".json", ".html"]
    stats = json.loads(data.read_text())
    assert stats == manager.stats(days=3) | {"since": stats["since"]}
    assert (stats["total"], stats["byLocation"]) == (3, {EVIL: 2, "Patio": 1})
    words = PageText()
    words.feed(page.read_text())
    assert {"3", "alta", "resuelto", EVIL} <= {text.strip() for text in words.text}
    assert "script" not in words.tags


def test_a_report_without_incidents_is_a_page(
    dags: Any, manager: AlertaUtec, tmp_path: Path
) -> None:
    run = dags["alerta_utec_report"].test(run_conf={"folder": str(tmp_path / "informes")})

    assert run.state == "success"
    assert "Nada que contar." in next((tmp_path / "informes").glob("*.html")).read_text()
