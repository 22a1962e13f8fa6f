"""``Submit.update``: an incident's way from report to resolution."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from alerta_utec.adapters.sqlite.incidents import SqliteIncidents
from alerta_utec.app.submit import Submit
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    InvalidTransition,
    NotFound,
)
from alerta_utec.domain.incident import Incident, Report
from alerta_utec.domain.policy import Identity, Role
from alerta_utec.domain.update import UpdateRequest
from alerta_utec.domain.values import Status, Urgency
from alerta_utec.ports.incidents import Committed
from tests.fakes.clock import ManualClock
from tests.support.temporary_store import TemporaryStore

ROSA = Identity("rosa", Role.ESTUDIANTE)
RAUL = Identity("raul", Role.PERSONAL)
LUIS = Identity("luis", Role.PERSONAL)
JEFA = Identity("jefa", Role.AUTORIDAD)


@pytest.fixture
def store() -> SqliteIncidents:
    return TemporaryStore().incidents


@pytest.fixture
def submit(store: SqliteIncidents) -> Submit:
    return Submit(store, ManualClock())


def report(submit: Submit, **fields: Any) -> Incident:
    data = {"type": "fuga", "location": "Cocina", "urgency": "low", "incidentId": "i"} | fields
    return submit.notify(Report.parse(data), by=RAUL).change.after


def change(submit: Submit, by: Identity = JEFA, revision: int | None = None, **data: Any) -> Change:
    return submit.update("i", UpdateRequest.parse(data), revision=revision, by=by).change


def test_the_history_has_every_change_with_author_time_and_note(
    submit: Submit, store: SqliteIncidents
) -> None:
    report(submit)

    change(submit, LUIS, status="en atención", note="voy")
    change(submit, JEFA, urgency="high")
    change(submit, LUIS, status="resuelto", note="cerrada la llave")
    change(submit, JEFA, status="pendiente", note="gotea otra vez")

    entries = [change.history_entry(private=True) for change in store.history("i")]
    assert [(e["revision"], e.get("by"), e.get("note")) for e in entries] == [
        (1, "raul", None),
        (2, "luis", "voy"),
        (3, "jefa", None),
        (4, "luis", "cerrada la llave"),
        (5, "jefa", "gotea otra vez"),
    ]
    assert entries[1]["change"] == {"status": ["pendiente", "en_atencion"]}
    assert entries[2]["change"] == {"urgency": ["low", "high"]}
    assert store.get("i").status is Status.PENDIENTE


@pytest.mark.parametrize(
    ("by", "data"),
    [
        (ROSA, {"status": "en_atencion"}),
        (ROSA, {"note": "ya voy"}),
        (ROSA, {"status": "pendiente"}),
        (LUIS, {"urgency": "high"}),
        (LUIS, {"status": "en_atencion", "urgency": "high", "note": "todo"}),
    ],
)
def test_an_update_with_a_forbidden_part_stores_nothing(
    submit: Submit, store: SqliteIncidents, by: Identity, data: dict[str, Any]
) -> None:
    reported = report(submit)

    with pytest.raises(Forbidden):
        change(submit, by, **data)

    assert store.get("i") == reported


def test_only_autoridad_reopens(submit: Submit) -> None:
    report(submit, status="resuelto")

    with pytest.raises(Forbidden):
        change(submit, LUIS, status="pendiente")

    assert change(submit, JEFA, status="pendiente").after.status is Status.PENDIENTE


def test_an_invalid_transition_is_refused(submit: Submit) -> None:
    report(submit, status="resuelto")

    with pytest.raises(InvalidTransition):
        change(submit, status="en_atencion")


def test_an_unknown_incident_is_not_found(submit: Submit) -> None:
    with pytest.raises(NotFound):
        change(submit, status="resuelto")


@pytest.mark.parametrize("revision", [1, 3])
def test_a_stale_or_future_revision_is_a_conflict(submit: Submit, revision: int) -> None:
    report(submit)
    change(submit, status="en_atencion")

    with pytest.raises(Conflict):
        change(submit, revision=revision, status="resuelto")

    assert change(submit, revision=2, status="resuelto").after.revision == 3


def test_pressing_the_same_button_twice_is_one_change(
    submit: Submit, store: SqliteIncidents
) -> None:
    report(submit)
    first = submit.update("i", UpdateRequest.parse({"status": "en_atencion"}), by=LUIS)

    second = submit.update("i", UpdateRequest.parse({"status": "en_atencion"}), by=JEFA)

    assert (first.duplicate, second.duplicate) == (False, True)
    assert second.change == first.change
    assert len(store.history("i")) == 2


def test_an_update_that_changes_nothing_reads_the_last_change_alone(
    submit: Submit, store: SqliteIncidents, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(submit)
    change(submit, LUIS, note="una")
    read: list[int | None] = []
    history = store.history

    def watched(
        incident_id: str, *, limit: int | None = None, before_revision: int | None = None
    ) -> Sequence[Change]:
        read.append(limit)
        return history(incident_id, limit=limit, before_revision=before_revision)

    monkeypatch.setattr(store, "history", watched)

    repeated = submit.update("i", UpdateRequest.parse({"status": "pendiente"}), by=LUIS)

    assert (repeated.duplicate, repeated.change.after.revision) == (True, 2)
    assert read == [1]


def test_a_note_alone_is_a_change(submit: Submit, store: SqliteIncidents) -> None:
    report(submit)

    change(submit, LUIS, note="línea 1\r\nlínea 2")

    assert store.history("i")[-1].note == "línea 1\nlínea 2"
    assert store.get("i").revision == 2


def test_concurrent_updates_without_a_revision_all_succeed(
    submit: Submit, store: SqliteIncidents
) -> None:
    report(submit)
    threads = [
        threading.Thread(target=change, args=(submit, LUIS), kwargs={"note": f"nota {number}"})
        for number in range(16)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    notes = {change.note for change in store.history("i")} - {None}
    assert notes == {f"nota {number}" for number in range(16)}
    assert store.get("i").revision == 17


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({}, ["status", "urgency", "note"]),
        ({"status": None}, ["status", "urgency", "note"]),
        ({"status": "cerrado", "urgency": 3}, ["status", "urgency"]),
        ({"note": ""}, ["note"]),
        ({"note": "x" * 2001}, ["note"]),
        ({"note": 7}, ["note"]),
    ],
)
def test_an_invalid_update_is_refused_with_all_its_problems(
    data: dict[str, Any], fields: list[str]
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        UpdateRequest.parse(data)

    assert [problem.field for problem in refused.value.problems] == fields


def emails(steps: list[Callable[[], Change]]) -> list[bool]:
    return [step().notifies() for step in steps]


def test_an_escalation_and_its_resolution_notify(submit: Submit) -> None:
    report(submit)

    sent = emails(
        [
            lambda: change(submit, status="en_atencion"),
            lambda: change(submit, urgency="medium"),
            lambda: change(submit, note="sigue"),
            lambda: change(submit, urgency="high"),
            lambda: change(submit, urgency="low"),
            lambda: change(submit, status="resuelto"),
            lambda: change(submit, status="pendiente"),
        ]
    )

    assert sent == [False, True, False, True, False, True, False]


def test_a_resolution_without_an_earlier_alarm_does_not_notify(submit: Submit) -> None:
    report(submit)

    assert not change(submit, status="resuelto").notifies()


def test_the_committed_change_is_the_requested_one(submit: Submit) -> None:
    before = report(submit, aula="A-101")

    committed: Committed = submit.update("i", UpdateRequest.parse({"urgency": "alta"}), by=JEFA)

    after = committed.change.after
    assert after.urgency is Urgency.HIGH
    assert after.extras == {"aula": "A-101"}
    assert (after.created_at, after.reported_by) == (before.created_at, "raul")
    assert committed.change.before == before
