"""The example DAGs, as they are, against a service of their own where people sign in."""

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from alerta_utec.airflow.example_dags.alerta_utec_classify import RULES, Rule, raised
from alerta_utec.client import AlertaUtec
from alerta_utec.domain.incident import Incident
from alerta_utec.domain.values import Urgency
from tests.airflow.conftest import Connect
from tests.support.server import Server
from tests.support.sign_in import WITH_SECRET, token
from tests.unit.client.flaky import PASS, Flaky, Lost

EVIL = '<script>alert("x")</script> & {{ 7 * 7 }}'


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Server]:
    """A service without any incident."""
    with Server(tmp_path / "data", environment=WITH_SECRET) as running:
        yield running


@pytest.fixture
def boss(service: Server, connect: Connect) -> Iterator[AlertaUtec]:
    """Somebody who may do everything; the connection names the same person."""
    own = token("autoridad", sub="rosa")
    connect(host=service.http_url, password=own)
    with AlertaUtec(service.http_url, token=own) as client:
        yield client


def report(boss: AlertaUtec, type: str, location: str = "Patio", urgency: str = "low") -> str:
    """The id of a new incident."""
    return boss.notify(type=type, location=location, urgency=urgency).incident_id


def states(run: Any) -> list[tuple[str, int, str]]:
    """Each task instance's name, map index and state."""
    found = run.get_task_instances()
    return sorted((each.task_id, each.map_index, str(each.state)) for each in found)


def test_the_rules_raise_what_they_call_worse_and_leave_the_rest(
    dags: Any, boss: AlertaUtec
) -> None:
    smoke = report(boss, "Humo en el pasillo")
    leak = report(boss, "fuga de agua", "LABORATORIO A")
    drip = report(boss, "fuga de agua")
    known = report(boss, "fuga de agua", urgency="high")
    lost_keys = report(boss, "llaves perdidas")
    done = report(boss, "humo")
    boss.update(done, status="resuelto")

    first = dags["alerta_utec_classify"].test()
    second = dags["alerta_utec_classify"].test()

    now = {each: boss.incident(each) for each in (smoke, leak, drip, known, lost_keys, done)}
    assert [record.incident.urgency.value for record in now.values()] == [
        *("high", "high", "medium"),
        *("high", "low", "low"),
    ]
    assert [record.incident.revision for record in now.values()] == [2, 2, 2, 1, 1, 2]
    assert now[leak].history[-1]["note"].startswith("Urgencia subida por la regla «fuga|")
    assert (first.state, second.state) == ("success", "success")
    assert states(second) == [("classify", -1, "success"), ("raise_urgency", -1, "skipped")]


def test_what_a_person_has_changed_meanwhile_is_left_to_them_until_the_next_run(
    dags: Any, boss: AlertaUtec, service: Server, connect: Connect
) -> None:
    own = report(boss, "humo")
    person = {"password": token("autoridad", sub="rosa")}

    def note() -> None:
        boss.update(own, note="Yo me encargo")

    with Flaky(service.http_url, [PASS, Lost(arrives=False, then=note)]) as proxy:
        connect(host=proxy.url, **person)
        run = dags["alerta_utec_classify"].test()
    left_alone = boss.incident(own).incident
    connect(host=service.http_url, **person)
    dags["alerta_utec_classify"].test()

    assert states(run) == [("classify", -1, "success"), ("raise_urgency", 0, "skipped")]
    assert left_alone.urgency is Urgency.LOW
    assert boss.incident(own).incident.urgency is Urgency.HIGH


def incident(**changes: Any) -> Incident:
    """An incident as the service keeps it."""
    at = "2026-11-24T02:56:00Z"
    times = dict.fromkeys(("timestamp", "createdAt", "updatedAt"), at)
    fields = {"incidentId": "i-1", "type": "fuga", "location": "Patio", "urgency": "low"}
    return Incident.from_json(fields | times | {"revision": 3} | changes)


def test_of_several_rules_the_worst_counts() -> None:
    rules = (Rule(Urgency.MEDIUM, "fuga"), Rule(Urgency.HIGH, "fuga", "patio"))

    update = raised(incident(), rules)

    assert update is not None
    assert (update["urgency"], update["revision"]) == ("high", 3)
    assert update["note"] == "Urgencia subida por la regla «fuga» en «patio»."


@pytest.mark.parametrize(
    "changes",
    [{"urgency": "high"}, {"urgency": "medium"}, {"type": "llaves"}, {"location": "Biblioteca"}],
)
def test_nothing_is_lowered_and_nothing_is_guessed(changes: dict[str, str]) -> None:
    rules = (Rule(Urgency.MEDIUM, "fuga", "patio"),)

    assert raised(incident(**changes), rules) is None


def test_a_description_tells_as_much_as_a_type() -> None:
    update = raised(incident(type="aviso", description="Huele a gas"), RULES)

    assert update is not None
    assert update["urgency"] == "high"


class Words(HTMLParser):
    """The text of a page, and the tags that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, _attributes: Any) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data.split("\n")


def test_the_report_has_the_figures_as_json_and_as_a_page(
    dags: Any, boss: AlertaUtec, tmp_path: Path
) -> None:
    for place in (EVIL, EVIL, "Patio"):
        own = report(boss, "humo", place, "alta")
    boss.update(own, status="resuelto")
    folder = tmp_path / "informes"

    run = dags["alerta_utec_report"].test(run_conf={"folder": str(folder), "days": 3})

    assert run.state == "success"
    page, data = sorted(folder.iterdir())
    assert [data.suffix, page.suffix] == [".json", ".html"]
    stats = json.loads(data.read_text())
    assert stats == boss.stats(days=3) | {"since": stats["since"]}
    assert (stats["total"], stats["byLocation"]) == (3, {EVIL: 2, "Patio": 1})
    words = Words()
    words.feed(page.read_text())
    assert {"3", "alta", "resuelto", EVIL} <= {text.strip() for text in words.text}
    assert "script" not in words.tags


def test_a_report_of_nothing_is_a_page_too(dags: Any, boss: AlertaUtec, tmp_path: Path) -> None:
    run = dags["alerta_utec_report"].test(run_conf={"folder": str(tmp_path / "informes")})

    assert run.state == "success"
    assert "Nada que contar." in next((tmp_path / "informes").glob("*.html")).read_text()
