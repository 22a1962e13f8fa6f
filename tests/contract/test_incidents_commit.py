"""``IncidentStore.commit``: the order of the feed, repeats and conflicts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerta_utec.domain.errors import Conflict, NotFound
from alerta_utec.domain.values import Status
from alerta_utec.ports.incidents import IncidentStore
from tests.contract.builders import T0, creation, update

SECOND = timedelta(seconds=1)
DAY = timedelta(hours=24)


def test_the_first_commit_gets_seq_1_and_a_position(incidents: IncidentStore) -> None:
    before = incidents.position()

    committed = incidents.commit(creation(incidentId="a"))

    assert before.seq == 0
    assert not committed.duplicate
    assert committed.change.after.seq == 1
    assert committed.change.position == replace(before, seq=1)
    assert incidents.position() == committed.change.position


def test_seq_counts_creations_and_updates_alike_without_a_hole(incidents: IncidentStore) -> None:
    first = incidents.commit(creation(incidentId="a")).change.after
    second = incidents.commit(creation(incidentId="b")).change.after
    third = incidents.commit(update(first, status=Status.EN_ATENCION)).change.after

    assert [first.seq, second.seq, third.seq] == [1, 2, 3]
    assert [first.revision, second.revision, third.revision] == [1, 1, 2]


def test_a_refused_change_uses_up_no_seq(incidents: IncidentStore) -> None:
    first = incidents.commit(creation(incidentId="a", key="k")).change.after
    incidents.commit(update(first))

    with pytest.raises(Conflict):
        incidents.commit(creation(incidentId="a", type="otro"))
    with pytest.raises(Conflict):
        incidents.commit(creation(key="k", type="otro"))
    with pytest.raises(Conflict):
        incidents.commit(update(first))
    with pytest.raises(NotFound):
        incidents.commit(update(creation(incidentId="ausente").after))

    assert incidents.commit(creation(incidentId="b")).change.after.seq == 3


def test_the_same_id_with_equal_content_gives_the_first_result(incidents: IncidentStore) -> None:
    first = incidents.commit(creation(incidentId="a"))

    repeated = incidents.commit(creation(incidentId="a", at=T0 + SECOND))

    assert repeated.duplicate
    assert repeated.change == first.change
    assert incidents.position().seq == 1


def test_the_same_id_is_a_duplicate_whatever_happened_to_the_incident_since(
    incidents: IncidentStore,
) -> None:
    first = incidents.commit(creation(incidentId="a"))
    incidents.commit(update(first.change.after, status=Status.RESUELTO))

    repeated = incidents.commit(creation(incidentId="a", at=T0 + 300 * DAY))

    assert repeated.duplicate
    assert repeated.change == first.change
    assert incidents.get("a").status is Status.RESUELTO


def test_the_same_id_with_other_content_conflicts(incidents: IncidentStore) -> None:
    incidents.commit(creation(incidentId="a"))

    with pytest.raises(Conflict):
        incidents.commit(creation(incidentId="a", description="otra cosa"))

    assert incidents.get("a").description == "Mensaje de prueba"
    assert len(incidents.history("a")) == 1


def test_the_same_key_with_equal_content_gives_the_first_result(incidents: IncidentStore) -> None:
    first = incidents.commit(creation(key="k"))

    repeated = incidents.commit(creation(key="k", at=T0 + SECOND))

    assert repeated.duplicate
    assert repeated.change.after == first.change.after
    assert repeated.change.position == first.change.position
    assert incidents.position().seq == 1


def test_the_same_key_with_other_content_conflicts(incidents: IncidentStore) -> None:
    incidents.commit(creation(key="k"))

    with pytest.raises(Conflict):
        incidents.commit(creation(key="k", location="Biblioteca"))

    assert incidents.position().seq == 1


def test_the_same_key_with_another_id_conflicts(incidents: IncidentStore) -> None:
    incidents.commit(creation(key="k", incidentId="a"))

    with pytest.raises(Conflict):
        incidents.commit(creation(key="k", incidentId="b"))

    with pytest.raises(NotFound):
        incidents.get("b")


def test_another_key_with_a_known_id_and_equal_content_is_a_duplicate(
    incidents: IncidentStore,
) -> None:
    first = incidents.commit(creation(key="k1", incidentId="a"))

    repeated = incidents.commit(creation(key="k2", incidentId="a"))

    assert repeated.duplicate
    assert repeated.change.position == first.change.position


def test_a_known_id_with_other_content_conflicts_whatever_the_key(
    incidents: IncidentStore,
) -> None:
    incidents.commit(creation(key="k1", incidentId="a"))

    with pytest.raises(Conflict):
        incidents.commit(creation(key="k2", incidentId="a", type="otro"))
    with pytest.raises(Conflict):
        incidents.commit(creation(incidentId="a", type="otro"))


def test_an_idempotency_key_belongs_to_one_user(incidents: IncidentStore) -> None:
    incidents.commit(creation(key="k", user="rosa"))

    other = incidents.commit(creation(key="k", user="luis"))
    anonymous = incidents.commit(creation(key="k", type="otro"))

    assert not other.duplicate
    assert not anonymous.duplicate
    assert incidents.position().seq == 3


@pytest.mark.parametrize(
    ("user", "key", "other_user", "other_key"),
    [("a", "b:c", "a:b", "c"), ("a", "b#c", "a#b", "c"), ("", "a/b", "a", "b")],
)
def test_users_and_keys_with_similar_text_stay_apart(
    incidents: IncidentStore, user: str, key: str, other_user: str, other_key: str
) -> None:
    incidents.commit(creation(key=key, user=user))

    other = incidents.commit(creation(key=other_key, user=other_user))

    assert not other.duplicate


def test_a_key_holds_until_one_second_before_24_hours(incidents: IncidentStore) -> None:
    incidents.commit(creation(key="k"))

    assert incidents.commit(creation(key="k", at=T0 + DAY - SECOND)).duplicate
    with pytest.raises(Conflict):
        incidents.commit(creation(key="k", at=T0 + DAY - SECOND, type="otro"))


@pytest.mark.parametrize("after", [DAY, DAY + SECOND], ids=["24h", "24h+1s"])
def test_a_key_is_free_again_from_24_hours_on(incidents: IncidentStore, after: timedelta) -> None:
    incidents.commit(creation(key="k"))

    again = incidents.commit(creation(key="k", at=T0 + after, type="otro"))
    repeated = incidents.commit(creation(key="k", at=T0 + after + SECOND, type="otro"))

    assert not again.duplicate
    assert again.change.after.seq == 2
    assert repeated.duplicate
    assert repeated.change.position == again.change.position


def test_a_duplicate_does_not_prolong_its_key(incidents: IncidentStore) -> None:
    incidents.commit(creation(key="k"))
    incidents.commit(creation(key="k", at=T0 + DAY - SECOND))

    assert not incidents.commit(creation(key="k", at=T0 + DAY)).duplicate


def test_keys_of_200_characters_of_any_script_work(incidents: IncidentStore) -> None:
    key = "ñ🎓" * 100

    first = incidents.commit(creation(key=key))

    assert incidents.commit(creation(key=key)).change.position == first.change.position


def test_an_update_is_stored_at_the_expected_revision(incidents: IncidentStore) -> None:
    created = incidents.commit(creation(incidentId="a")).change.after

    change = update(created, status=Status.EN_ATENCION)
    committed = incidents.commit(change, expected_revision=1)

    assert committed.change == change.committed(incidents.position())
    assert incidents.get("a") == committed.change.after


@pytest.mark.parametrize("expected_revision", [1, 3])
def test_an_update_away_from_the_expected_revision_conflicts(
    incidents: IncidentStore, expected_revision: int
) -> None:
    created = incidents.commit(creation(incidentId="a")).change.after
    second = incidents.commit(update(created)).change.after

    with pytest.raises(Conflict):
        incidents.commit(update(second), expected_revision=expected_revision)

    assert incidents.get("a") == second
    assert incidents.position().seq == 2


def test_an_update_made_from_an_old_revision_conflicts_even_if_none_is_expected(
    incidents: IncidentStore,
) -> None:
    created = incidents.commit(creation(incidentId="a")).change.after
    second = incidents.commit(update(created, status=Status.EN_ATENCION)).change.after

    with pytest.raises(Conflict):
        incidents.commit(update(created, status=Status.RESUELTO))

    assert incidents.get("a") == second


def test_an_update_of_nothing_is_not_found(incidents: IncidentStore) -> None:
    never_stored = creation(incidentId="a").after

    with pytest.raises(NotFound):
        incidents.commit(update(never_stored))
    with pytest.raises(NotFound):
        incidents.commit(update(never_stored), expected_revision=1)

    assert incidents.position().seq == 0
