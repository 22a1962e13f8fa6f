"""``IncidentStore``: stored incidents are read back unchanged."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerta_utec.app.history import changes_back_from
from alerta_utec.domain.errors import NotFound
from alerta_utec.domain.incident import EXTRAS_MAX, Incident
from alerta_utec.domain.values import Status, Urgency
from alerta_utec.ports.incidents import (
    HISTORY_PAGE,
    PAGE_MAX_BYTES,
    IncidentPage,
    IncidentStore,
    Query,
)
from alerta_utec.wire import encoded_size
from tests.contract.builders import T0, creation, update
from tests.support.eventually import eventually

EXTRAS: dict[str, Any] = {
    "aula": "A-101",
    "ñandú 🎓": 'señal\n\t"comillas" \\ / \u0001',
    "vacío": "",
    "nulo": None,
    "sí": True,
    "entero": 12345678901234567890,
    "negativo": -7,
    "decimal": 0.1,
    "pequeño": 5e-324,
    "grande": 1.7976931348623157e308,
    "lista": [1, "dos", None, [], {}],
    "objeto": {"a": {"b": [False]}},
}

# 24 KB.
LARGE: dict[str, Any] = {"description": "🔥" * 4000, "plano": "x" * 8000}


def _ids(page: IncidentPage) -> list[str]:
    return [incident.incident_id for incident in page.incidents]


def _store_many(incidents: IncidentStore, count: int, **fields: Any) -> list[Incident]:
    return [
        incidents.commit(creation(incidentId=f"i{n}", **fields)).change.after
        for n in range(1, count + 1)
    ]


def test_an_incident_comes_back_as_it_was_committed(incidents: IncidentStore) -> None:
    change = creation(
        incidentId="A.b_c:d-9",
        type="x" * 80,
        location="ñ" * 120,
        description="🎓" * 4000,
        urgency="high",
        status="en_atencion",
        timestamp="0001-01-01T00:00:00.000001Z",
        drill=True,
        user="rosa",
        **EXTRAS,
    )

    committed = incidents.commit(change)

    stored = incidents.get("A.b_c:d-9")
    assert stored == change.after.at_seq(1)
    assert stored == committed.change.after
    assert stored.to_json(private=True) == change.after.at_seq(1).to_json(private=True)
    assert stored.reported_by == "rosa"
    assert [type(value) for value in stored.extras.values()] == [
        type(value) for value in EXTRAS.values()
    ]


def test_twenty_extras_of_8_kb_come_back(incidents: IncidentStore) -> None:
    extras = {f"campo{n:02}": "x" * 380 for n in range(EXTRAS_MAX)}

    incidents.commit(creation(incidentId="a", **extras))

    assert incidents.get("a").extras == extras


def test_an_unknown_incident_is_not_found(incidents: IncidentStore) -> None:
    incidents.commit(creation(incidentId="a"))

    with pytest.raises(NotFound):
        incidents.get("A")
    with pytest.raises(NotFound):
        incidents.history("b")


def test_history_has_every_change_oldest_first(incidents: IncidentStore) -> None:
    created = incidents.commit(creation(incidentId="a", user="rosa")).change
    incidents.commit(creation(incidentId="b"))
    second = incidents.commit(
        update(created.after, status=Status.EN_ATENCION, by="luis", note="Voy «ya» 🎓")
    ).change
    third = incidents.commit(update(second.after, urgency=Urgency.HIGH)).change

    history = incidents.history("a")

    assert [replace(change, key=None) for change in history] == [created, second, third]
    assert [change.after.revision for change in history] == [1, 2, 3]
    assert [change.before for change in history] == [None, created.after, second.after]
    assert history[1].history_entry(private=True)["by"] == "luis"


def test_changes_come_in_seq_order_from_any_place(incidents: IncidentStore) -> None:
    created = incidents.commit(creation(incidentId="a")).change
    other = incidents.commit(creation(incidentId="b")).change
    updated = incidents.commit(update(created.after, status=Status.RESUELTO)).change

    assert list(incidents.changes(after_seq=0, limit=10)) == [created, other, updated]
    assert list(incidents.changes(after_seq=1, limit=1)) == [other]
    assert list(incidents.changes(after_seq=2, limit=10)) == [updated]
    assert list(incidents.changes(after_seq=3, limit=10)) == []
    assert list(incidents.changes(after_seq=10**12, limit=10)) == []


def test_many_changes_are_read_without_a_gap(incidents: IncidentStore) -> None:
    _store_many(incidents, 25, description="x" * 4000)

    seen: list[int] = []
    while batch := incidents.changes(after_seq=len(seen), limit=7):
        seen += [change.after.seq for change in batch]

    assert seen == list(range(1, 26))


def test_the_position_keeps_its_epoch(incidents: IncidentStore) -> None:
    first = incidents.position()

    _store_many(incidents, 3)

    assert incidents.position() == replace(first, seq=3)
    assert first.epoch


def test_a_page_has_the_newest_creations_first(incidents: IncidentStore) -> None:
    first, *_ = _store_many(incidents, 3)
    incidents.commit(update(first, status=Status.RESUELTO))

    page = incidents.page(Query())

    assert _ids(page) == ["i3", "i2", "i1"]
    assert page.incidents[2] == incidents.get("i1")
    assert page.next_seq is None


def test_an_empty_store_has_an_empty_page(incidents: IncidentStore) -> None:
    page = incidents.page(Query())

    assert list(page.incidents) == []
    assert page.next_seq is None


@pytest.mark.parametrize(("count", "more"), [(2, False), (3, False), (4, True)])
def test_a_cursor_is_given_only_where_there_is_more(
    incidents: IncidentStore, count: int, more: bool
) -> None:
    _store_many(incidents, count)

    page = incidents.page(Query(limit=3))

    assert len(page.incidents) == min(count, 3)
    assert (page.next_seq is not None) == more


def test_pages_neither_repeat_nor_miss_while_incidents_arrive_and_change(
    lagging_stores: IncidentStore,
) -> None:
    incidents = lagging_stores
    stored = _store_many(incidents, 7)
    eventually(lambda: len(_ids(incidents.page(Query(limit=7)))) == 7, "an index with all")
    seen: list[str] = []
    query = Query(limit=2)

    while True:
        page = incidents.page(query)
        seen += _ids(page)
        if page.next_seq is None:
            break
        incidents.commit(creation(incidentId=f"new{len(seen)}"))
        if len(seen) == 2:
            incidents.commit(update(stored[0], status=Status.RESUELTO))
        query = replace(query, before_seq=page.next_seq)

    assert seen == ["i7", "i6", "i5", "i4", "i3", "i2", "i1"]


def test_pages_are_filtered_by_the_current_state(incidents: IncidentStore) -> None:
    first, second, _ = _store_many(incidents, 3)
    incidents.commit(update(first, status=Status.RESUELTO))
    incidents.commit(update(second, urgency=Urgency.HIGH))

    def listed(query: Query) -> list[str]:
        return _ids(incidents.page(query))

    assert listed(Query(status=frozenset({Status.PENDIENTE}))) == ["i3", "i2"]
    assert listed(Query(status=frozenset({Status.RESUELTO}))) == ["i1"]
    assert listed(Query(status=frozenset(Status))) == ["i3", "i2", "i1"]
    assert listed(Query(urgency=frozenset({Urgency.HIGH, Urgency.MEDIUM}))) == ["i2"]
    assert listed(
        Query(status=frozenset({Status.PENDIENTE}), urgency=frozenset({Urgency.LOW}))
    ) == ["i3"]


def test_pages_compare_type_and_location_without_regard_to_case(
    incidents: IncidentStore,
) -> None:
    incidents.commit(creation(incidentId="a", type="Inundación", location="STRASSE"))
    incidents.commit(creation(incidentId="b", type="inundación grave", location="Straße"))

    def listed(query: Query) -> list[str]:
        return _ids(incidents.page(query))

    assert listed(Query(type="INUNDACIÓN")) == ["a"]
    assert listed(Query(location="straße")) == ["b", "a"]
    assert listed(Query(type="inundación", location="strasse")) == ["a"]
    assert listed(Query(type="inund_ción")) == []
    assert listed(Query(type="%")) == []


def test_filtered_pages_are_full_and_end(incidents: IncidentStore) -> None:
    for n in range(1, 21):
        urgency = "high" if n % 5 == 0 else "low"
        incidents.commit(creation(incidentId=f"i{n}", urgency=urgency, at=T0 + timedelta(n)))
    query = Query(limit=3, urgency=frozenset({Urgency.HIGH}))

    page = incidents.page(query)
    rest = incidents.page(replace(query, before_seq=page.next_seq))

    assert _ids(page) == ["i20", "i15", "i10"]
    assert _ids(rest) == ["i5"]
    assert rest.next_seq is None


def test_a_page_of_large_incidents_ends_early_and_the_next_one_continues_it(
    incidents: IncidentStore,
) -> None:
    stored = _store_many(incidents, 30, **LARGE)
    query, pages = Query(limit=200), list[IncidentPage]()

    while not pages or query.before_seq is not None:
        pages.append(incidents.page(query))
        query = replace(query, before_seq=pages[-1].next_seq)

    assert len(pages) > 1
    assert [name for page in pages for name in _ids(page)] == [
        incident.incident_id for incident in reversed(stored)
    ]
    largest = max(encoded_size(incident.to_json()) for incident in stored)
    for page in pages:
        size = sum(encoded_size(incident.to_json()) for incident in page.incidents)
        assert size < PAGE_MAX_BYTES + largest


def test_a_page_of_ordinary_incidents_is_whole(incidents: IncidentStore) -> None:
    _store_many(incidents, 60, description="🔥 " + "x" * 400, **EXTRAS)

    assert len(incidents.page(Query(limit=60)).incidents) == 60


def test_a_history_of_large_states_is_read_in_shorter_pages(incidents: IncidentStore) -> None:
    last = incidents.commit(creation(incidentId="a", **LARGE)).change
    for number in range(15):
        last = incidents.commit(update(last.after, note=f"nota {number}")).change

    newest = incidents.history("a")
    whole = list(changes_back_from(incidents, "a"))

    assert 1 <= len(newest) < 16
    assert newest[-1] == last
    assert [change.after.revision for change in whole] == list(range(16, 0, -1))


def test_a_history_is_read_in_pages_from_its_end(incidents: IncidentStore) -> None:
    last = incidents.commit(creation(incidentId="a")).change
    for number in range(6):
        incidents.commit(creation(incidentId=f"b{number}"))
        last = incidents.commit(update(last.after, note=f"nota {number}")).change

    def revisions(limit: int, before: int | None = None) -> list[int]:
        page = incidents.history("a", limit=limit, before_revision=before)
        return [change.after.revision for change in page]

    assert revisions(HISTORY_PAGE) == [1, 2, 3, 4, 5, 6, 7]
    assert revisions(1) == [7]
    assert revisions(3) == [5, 6, 7]
    assert revisions(3, 5) == [2, 3, 4]
    assert revisions(3, 2) == [1]
    assert revisions(1, 2) == [1]
    assert revisions(1, 5) == [4]
    assert revisions(200, 4) == [1, 2, 3]
    assert revisions(3, 1) == []
    assert revisions(100, 10**12) == [1, 2, 3, 4, 5, 6, 7]
    with pytest.raises(NotFound):
        incidents.history("c", limit=1, before_revision=5)


@pytest.mark.parametrize("page_size", [1, 2, 3, 6, 7, 200])
def test_a_history_is_read_back_to_its_beginning_in_pages_of_any_size(
    incidents: IncidentStore, page_size: int
) -> None:
    last = incidents.commit(creation(incidentId="a")).change
    for number in range(6):
        last = incidents.commit(update(last.after, note=f"nota {number}")).change

    found = changes_back_from(incidents, "a", 7, page_size=page_size)

    assert [change.after.revision for change in found] == [6, 5, 4, 3, 2, 1]
    assert list(changes_back_from(incidents, "a", 1, page_size=page_size)) == []
