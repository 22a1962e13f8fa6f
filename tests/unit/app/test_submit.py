"""``Submit``: an incident is taken in once, at the clock's time."""

from datetime import timedelta

import pytest

from alerta_utec.adapters.sqlite.incidents import SqliteIncidents
from alerta_utec.app.catch_up import CatchUp
from alerta_utec.app.submit import Submit
from alerta_utec.domain.change import Change, IdempotencyKey
from alerta_utec.domain.errors import Conflict, Forbidden
from alerta_utec.domain.filters import Filter
from alerta_utec.domain.incident import Report
from alerta_utec.domain.policy import Grant, Identity, Role, Scope
from alerta_utec.domain.update import UpdateRequest
from alerta_utec.ports.incidents import KEY_TTL_S
from tests.contract.builders import PLAIN
from tests.fakes.clock import ManualClock
from tests.support.temporary_store import TemporaryStore

HERE = Report.parse(PLAIN)
OTHER = Report.parse(PLAIN | {"type": "otro"})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def told() -> list[Change]:
    return []


@pytest.fixture
def store(told: list[Change]) -> SqliteIncidents:
    return TemporaryStore(on_commit=told.append).incidents


@pytest.fixture
def submit(store: SqliteIncidents, clock: ManualClock) -> Submit:
    return Submit(store, clock)


def test_an_incident_is_stored_with_the_clocks_time(
    submit: Submit, store: SqliteIncidents, clock: ManualClock, told: list[Change]
) -> None:
    committed = submit.notify(HERE)

    stored = store.get(committed.change.incident_id)
    assert stored == committed.change.after
    assert stored.created_at == stored.updated_at == stored.timestamp == clock.now()
    assert told == [committed.change]


def test_the_reporter_is_stored(submit: Submit, store: SqliteIncidents) -> None:
    committed = submit.notify(HERE, idempotency_key="k", by=Identity("rosa", Role.ESTUDIANTE))

    assert committed.change.by == "rosa"
    assert committed.change.key == IdempotencyKey("rosa", "k")
    assert store.get(committed.change.incident_id).reported_by == "rosa"


def test_repeats_with_the_callers_own_id_are_duplicates(submit: Submit, told: list[Change]) -> None:
    report = Report.parse(PLAIN | {"incidentId": "mio"})

    first = submit.notify(report)
    second = submit.notify(report)

    assert first.change.incident_id == "mio"
    assert (first.duplicate, second.duplicate) == (False, True)
    assert len(told) == 1


def test_each_report_without_id_or_key_is_another_incident(submit: Submit) -> None:
    first = submit.notify(HERE)
    second = submit.notify(HERE)

    assert first.change.incident_id != second.change.incident_id
    assert not second.duplicate


def test_a_key_stands_for_one_content_for_24_hours(submit: Submit, clock: ManualClock) -> None:
    first = submit.notify(HERE, idempotency_key="k")
    clock.advance(timedelta(seconds=KEY_TTL_S - 1))

    assert submit.notify(HERE, idempotency_key="k").change == first.change
    with pytest.raises(Conflict):
        submit.notify(OTHER, idempotency_key="k")
    clock.advance(timedelta(seconds=1))
    assert not submit.notify(OTHER, idempotency_key="k").duplicate


def test_a_later_repeat_without_a_time_has_the_same_content(
    submit: Submit, clock: ManualClock
) -> None:
    submit.notify(HERE, idempotency_key="k")
    clock.advance(timedelta(minutes=5))

    assert submit.notify(HERE, idempotency_key="k").duplicate


def test_the_position_is_that_of_the_last_incident(submit: Submit, store: SqliteIncidents) -> None:
    committed = submit.notify(HERE)

    assert CatchUp(store).position() == committed.change.position


def test_a_key_reports_and_updates_only_what_its_filter_accepts(
    submit: Submit, store: SqliteIncidents
) -> None:
    scopes = frozenset({Scope.REPORT, Scope.UPDATE})
    type_here = Filter(type=frozenset({HERE.type}))
    sensor = Identity("sensor", Role.PERSONAL, Grant(scopes, type_here))
    foreign = submit.notify(OTHER).change.incident_id

    own = submit.notify(HERE, by=sensor).change.incident_id

    with pytest.raises(Forbidden):
        submit.notify(OTHER, by=sensor)
    with pytest.raises(Forbidden):
        submit.update(foreign, UpdateRequest.parse({"status": "resuelto"}), by=sensor)
    submit.update(own, UpdateRequest.parse({"status": "resuelto"}), by=sensor)
    assert store.get(own).revision == 2
    assert store.get(foreign).revision == 1
