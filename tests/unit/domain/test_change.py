"""Positions, changes, filters and ids."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import InvalidRequest
from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.ids import new_epoch, uuid7
from alerta_utec.domain.incident import Incident
from alerta_utec.domain.values import Status, Urgency
from tests.contract.builders import creation, update
from tests.unit.domain.strategies import incidents, json_values

positions = st.builds(
    Position, st.from_regex(r"[0-9a-z]{1,32}", fullmatch=True), st.integers(0, 10**18 - 1)
)
RANKED = [Urgency.LOW, Urgency.MEDIUM, Urgency.HIGH]


@given(positions)
def test_a_position_is_parsed_back(position: Position) -> None:
    assert Position.parse(str(position)) == position


@given(json_values | st.text())
def test_anything_is_a_position_or_an_invalid_request(value: object) -> None:
    wrong: list[str] = []
    try:
        written = str(Position.parse(value))
    except InvalidRequest as refusal:
        wrong = [problem.field for problem in refusal.problems]
    else:
        assert written == value

    assert wrong in ([], ["since"])


@pytest.mark.parametrize(
    "text",
    [
        *("", ":", "a:", ":1", "a:01", "a:-1", "a:+1", "a:1 ", "a:1\n", "A:1", "a:b:1", "a:1.0"),
        *("a" * 33 + ":1", "a:" + "1" * 19, "a:٣", None, 5, ["a:1"]),
    ],
)
def test_a_malformed_position_is_refused(text: object) -> None:
    with pytest.raises(InvalidRequest):
        Position.parse(text)


def test_a_new_epoch_fits_into_a_position() -> None:
    epochs = {new_epoch() for _ in range(100)}

    assert len(epochs) == 100
    assert all(Position.parse(f"{epoch}:0").epoch == epoch for epoch in epochs)


@pytest.mark.parametrize("urgency", RANKED)
def test_a_creation_notifies_from_medium_on(urgency: Urgency) -> None:
    assert creation(urgency=urgency.value).notifies() == (urgency is not Urgency.LOW)


@pytest.mark.parametrize("before", RANKED)
@pytest.mark.parametrize("after", RANKED)
def test_an_update_notifies_only_if_the_urgency_rises(before: Urgency, after: Urgency) -> None:
    change = update(creation(urgency=before.value).after, urgency=after)

    assert change.notifies() == (RANKED.index(after) > RANKED.index(before))


def test_a_history_entry_has_the_changed_fields_and_the_author_only_in_private() -> None:
    change = update(creation().after, status=Status.RESUELTO, by="rosa", note="Listo")

    public, private = change.history_entry(), change.history_entry(private=True)

    assert public == {
        "revision": 2,
        "at": "2035-11-16T18:12:01.123456Z",
        "change": {"status": ["pendiente", "resuelto"]},
        "note": "Listo",
    }
    assert private == public | {"by": "rosa"}


filters = st.builds(
    Filter,
    urgency=st.frozensets(st.sampled_from(list(Urgency)).map(str)),
    status=st.frozensets(st.sampled_from(list(Status)).map(str)),
    type=st.frozensets(st.text().map(str.casefold)),
    location=st.frozensets(st.text().map(str.casefold)),
)


@given(filters)
def test_a_filter_survives_json_up_to_case(chosen: Filter) -> None:
    assert Filter.from_json(chosen.to_json()).to_json() == {
        name: sorted({value.casefold() for value in values})
        for name, values in chosen.to_json().items()
    }


@given(incidents())
def test_the_empty_filter_matches_everything(incident: Incident) -> None:
    assert EVERYTHING.matches(incident)
    assert Filter.from_json({}) == EVERYTHING


@given(incidents(), filters)
def test_a_filter_matches_by_each_of_its_sets(incident: Incident, chosen: Filter) -> None:
    wanted = (
        (chosen.urgency, incident.urgency.value),
        (chosen.status, incident.status.value),
        (chosen.type, incident.type.casefold()),
        (chosen.location, incident.location.casefold()),
    )

    assert chosen.matches(incident) == all(not names or own in names for names, own in wanted)


def test_a_filter_compares_places_without_regard_to_case() -> None:
    chosen = Filter.parse({"location": ["LABORATORIO A", "Straße"]})

    assert chosen.matches(creation(location="laboratorio a").after)
    assert chosen.matches(creation(location="STRASSE").after)
    assert not chosen.matches(creation(location="Biblioteca").after)


def test_a_change_concerns_a_filter_that_accepts_the_state_before_or_after() -> None:
    pending = Filter(status=frozenset({"pendiente"}))
    solved = Filter(status=frozenset({"resuelto"}))
    other = Filter(status=frozenset({"en_atencion"}))
    change = update(creation().after, status=Status.RESUELTO)

    assert [chosen.concerns(change) for chosen in (pending, solved, other, EVERYTHING)] == [
        True,
        True,
        False,
        True,
    ]
    assert not solved.concerns(creation())


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001 (hypothesis adds the zone)
def test_a_new_id_is_a_uuid_7_of_its_moment(at: datetime) -> None:
    made = uuid.UUID(uuid7(at))

    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert abs(datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=made.int >> 80) - at) < (
        timedelta(milliseconds=2)
    )


def test_ids_of_one_moment_differ() -> None:
    at = datetime(2025, 11, 16, tzinfo=UTC)

    assert len({uuid7(at) for _ in range(1000)}) == 1000
