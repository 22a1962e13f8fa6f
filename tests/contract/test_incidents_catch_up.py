"""``IncidentStore`` for clients that catch up: no change is left out."""

from typing import Any

import pytest

from alerta_utec import wire
from alerta_utec.app.catch_up import CatchUp, CatchUpPage
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.errors import InvalidRequest
from alerta_utec.domain.values import Status
from alerta_utec.ports.incidents import IncidentStore
from tests.contract.builders import creation, update


@pytest.fixture
def incidents(lagging_stores: IncidentStore) -> IncidentStore:
    """Return every store: what a client has after its last page does not depend on a lag."""
    return lagging_stores


def drain(catch_up: CatchUp, since: Position | None = None) -> list[CatchUpPage]:
    """Return every page until there is no more, as a client requests them."""
    page = catch_up.snapshot() if since is None else catch_up.since(since)
    pages = [page]
    while page.more:
        page = (
            catch_up.since(page.position) if page.cursor is None else catch_up.snapshot(page.cursor)
        )
        pages.append(page)
    return pages


def state(pages: list[CatchUpPage]) -> dict[str, dict[str, Any]]:
    """Return the state of a client after ``pages``."""
    held: dict[str, dict[str, Any]] = {}
    for page in pages:
        if page.reset:
            held = {}
        for incident in page.incidents:
            known = held.get(incident["incidentId"])
            if known is None or known["revision"] < incident["revision"]:
                held[incident["incidentId"]] = incident
    return held


def add(store: IncidentStore, name: str, **fields: Any) -> Change:
    return store.commit(creation(incidentId=name, **fields)).change


def close(store: IncidentStore, change: Change) -> Change:
    return store.commit(update(change.after, status=Status.RESUELTO)).change


def test_a_client_at_the_head_has_missed_nothing(incidents: IncidentStore) -> None:
    add(incidents, "a")
    head = incidents.position()

    page = CatchUp(incidents).since(head)

    assert page == CatchUpPage([], head)


def test_the_changes_since_a_position_come_in_their_order(incidents: IncidentStore) -> None:
    add(incidents, "a")
    since = incidents.position()
    for name in ("b", "c"):
        add(incidents, name)

    page = CatchUp(incidents).since(since)

    assert [incident["incidentId"] for incident in page.incidents] == ["b", "c"]
    assert page.position == incidents.position()
    assert not page.more
    assert not page.reset


def test_an_incident_comes_once_at_its_latest(incidents: IncidentStore) -> None:
    since = incidents.position()
    first = add(incidents, "a")
    add(incidents, "b")
    close(incidents, first)

    page = CatchUp(incidents).since(since)

    assert [(i["incidentId"], i["revision"]) for i in page.incidents] == [("b", 1), ("a", 2)]
    assert page.incidents[1]["status"] == "resuelto"


@pytest.mark.parametrize("name", ["otra", "ffffffffffff"])
def test_another_epoch_gets_a_snapshot(incidents: IncidentStore, name: str) -> None:
    add(incidents, "a")

    pages = drain(CatchUp(incidents), Position(name, 0))

    assert pages[0].reset
    assert pages[-1].position == incidents.position()
    assert set(state(pages)) == {"a"}


def test_a_position_ahead_of_the_feed_gets_a_snapshot(incidents: IncidentStore) -> None:
    add(incidents, "a")
    head = incidents.position()

    at_head = CatchUp(incidents).since(head)
    ahead = CatchUp(incidents).since(Position(head.epoch, head.seq + 1))

    assert not at_head.reset
    assert ahead.reset


def test_a_snapshot_has_the_open_incidents_alone(incidents: IncidentStore) -> None:
    done = add(incidents, "hecho")
    add(incidents, "pendiente")
    close(incidents, done)

    held = state(drain(CatchUp(incidents)))

    open_ones = {name for name, incident in held.items() if incident["status"] != "resuelto"}
    assert open_ones == {"pendiente"}


def test_pages_stay_under_100_kb_and_leave_nothing_out(incidents: IncidentStore) -> None:
    names = [f"i{number}" for number in range(40)]
    since = incidents.position()
    for name in names:
        add(incidents, name, description="ñ" * 4000)

    for pages in (drain(CatchUp(incidents), since), drain(CatchUp(incidents))):
        assert len(pages) > 3
        assert set(state(pages)) == set(names)
        for page in pages:
            frame = wire.sync(
                page.incidents,
                position=page.position,
                more=page.more,
                reset=page.reset,
                cursor=page.cursor,
                request="r" * 64,
            )
            assert len(frame.encode()) < 100_000


def test_changes_made_while_a_snapshot_is_paged_come_after_it(incidents: IncidentStore) -> None:
    first = [add(incidents, f"i{number}", description="ñ" * 4000) for number in range(30)]
    catch_up = CatchUp(incidents)

    pages = [catch_up.snapshot()]
    close(incidents, first[-1])
    close(incidents, first[0])
    add(incidents, "nuevo")
    while pages[-1].more:
        page = pages[-1]
        pages.append(
            catch_up.since(page.position) if page.cursor is None else catch_up.snapshot(page.cursor)
        )

    held = state(pages)
    assert held["i0"]["status"] == "resuelto"
    assert held["i29"]["status"] == "resuelto"
    assert "nuevo" in held
    assert len(held) == 31
    assert [page.reset for page in pages] == [True] + [False] * (len(pages) - 1)
    assert pages[-1].position == incidents.position()


@pytest.mark.parametrize("cursor", ["", "x", "a:1", "a:1:b", "A:1:2", "a:1:2:3", "a:-1:2"])
def test_an_invalid_cursor_is_refused(incidents: IncidentStore, cursor: str) -> None:
    with pytest.raises(InvalidRequest):
        CatchUp(incidents).snapshot(cursor)


def test_a_cursor_of_another_epoch_starts_again(incidents: IncidentStore) -> None:
    add(incidents, "a")

    catch_up = CatchUp(incidents)
    page = catch_up.snapshot("otra:1:1")
    rest = drain(catch_up, page.position) if page.more else []

    assert page.reset
    assert list(state([page, *rest])) == ["a"]


def test_the_settled_position_is_one_of_this_feed(incidents: IncidentStore) -> None:
    for name in ("a", "b"):
        add(incidents, name)

    settled, head = incidents.indexed_position(), incidents.position()

    assert settled.epoch == head.epoch
    assert 0 <= settled.seq <= head.seq
