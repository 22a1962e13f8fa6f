"""The items of incidents and changes, and reading them back."""

from datetime import UTC, datetime
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.adapters.aws.dynamodb.attributes import epoch_us, expiry, expiry_of
from alerta_utec.adapters.aws.dynamodb.items import (
    change_from_image,
    change_item,
    incident_from_item,
    incident_item,
    key_name,
)
from alerta_utec.domain.change import Change, IdempotencyKey, Position
from alerta_utec.domain.values import Status, Urgency
from tests.contract.builders import T0, creation, update

POSITION = Position("0123456789ab", 7)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
# A caller's extra fields may have the names of an item's own attributes.
NAME = TEXT.map(lambda name: f"x{name}") | st.sampled_from(
    ["digest", "createdSeq", "extras", "feed", "commitId", "before", "after", "expiresAt"]
)
EXTRAS = st.dictionaries(NAME, VALUE, max_size=6)


def _stored(change: Change) -> dict[str, Any]:
    position = POSITION
    return change_item(change.committed(position), position, feed="main", commit_id="c")


@given(EXTRAS, st.sampled_from(Urgency), st.datetimes(timezones=st.just(UTC)), TEXT)
def test_an_incident_comes_back_from_its_item(
    extras: dict[str, Any], urgency: Urgency, at: datetime, user: str
) -> None:
    incident = creation(urgency=urgency.value, user=user, at=T0, **extras).after
    incident = incident.model_copy(update={"timestamp": at, "seq": 9})

    item = incident_item(incident, created_seq=3, digest="d")

    assert incident_from_item(item) == incident
    assert item["createdSeq"] == {"N": "3"}
    assert item["digest"] == {"S": "d"}


@given(EXTRAS, TEXT, TEXT)
def test_a_change_comes_back_from_its_stream_image(
    extras: dict[str, Any], user: str, note: str
) -> None:
    created = creation(key="k", user=user, **extras)
    updated = update(created.after, status=Status.RESUELTO, by=user, note=note)

    assert change_from_image(_stored(created)) == created.committed(POSITION)
    assert change_from_image(_stored(updated)) == updated.committed(POSITION)


def test_a_stream_can_select_by_the_attributes_of_a_change() -> None:
    item = _stored(creation(incidentId="a", urgency="high"))

    assert {name: item[name] for name in ("feed", "seq", "epoch", "incidentId", "revision")} == {
        "feed": {"S": "main"},
        "seq": {"N": "7"},
        "epoch": {"S": "0123456789ab"},
        "incidentId": {"S": "a"},
        "revision": {"N": "1"},
    }
    assert item["urgency"] == {"S": "high"}
    assert "before" not in item


def test_the_fields_that_people_read_are_attributes() -> None:
    incident = creation(incidentId="a", urgency="high", user="rosa", piso=3).after

    item = incident_item(incident.at_seq(5), created_seq=5, digest=None)

    serialize = TypeSerializer().serialize
    assert item == {
        name: serialize(value)
        for name, value in {
            "incidentId": "a",
            "type": "prueba",
            "location": "Laboratorio A",
            "description": "Mensaje de prueba",
            "urgency": "high",
            "status": "pendiente",
            "timestamp": "2035-11-16T18:12:00.123456Z",
            "createdAt": "2035-11-16T18:12:00.123456Z",
            "updatedAt": "2035-11-16T18:12:00.123456Z",
            "reportedBy": "rosa",
            "seq": 5,
            "revision": 1,
            "createdSeq": 5,
            "alarmed": True,
            "extras": '{"piso":3}',
        }.items()
    }


def test_the_counter_is_not_read_as_a_change() -> None:
    counter = {"feed": {"S": "main#counter"}, "seq": {"N": "0"}, "epoch": {"S": "e"}}

    with pytest.raises(KeyError):
        change_from_image(counter)


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_expiry_is_exact_and_its_ttl_is_the_next_whole_second(moment: datetime) -> None:
    item = expiry(moment)

    assert expiry_of(item) == moment
    assert 0 <= int(item["expiresAt"]["N"]) * 1_000_000 - epoch_us(moment) < 1_000_000


@given(TEXT, TEXT, TEXT, TEXT)
def test_keys_have_the_same_name_only_if_user_and_key_are_the_same(
    user: str, key: str, other_user: str, other_key: str
) -> None:
    one, other = IdempotencyKey(user, key), IdempotencyKey(other_user, other_key)

    assert (key_name(one) == key_name(other)) == (one == other)
    assert len(key_name(one)) == 64
