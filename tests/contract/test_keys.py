"""``KeyStore``: the keys of machines."""

from datetime import timedelta

from alerta_utec.domain.filters import Filter
from alerta_utec.domain.policy import Grant, Scope
from alerta_utec.sign_in.key import Key, new_key_id
from alerta_utec.sign_in.ports import KeyStore
from tests.contract.builders import T0

SECOND = timedelta(seconds=1)


def _key(name: str = "Sensor", *, after_s: int = 0) -> Key:
    grant = Grant(frozenset({Scope.REPORT}), Filter(location=frozenset({"torre ñ"})))
    made = Key(new_key_id(), name, grant, T0 + after_s * SECOND, "jefa", T0 + 3600 * SECOND)
    return made.with_secret()[0]


def test_a_new_store_has_no_key(keys: KeyStore) -> None:
    assert keys.all() == []
    assert keys.get(new_key_id()) is None


def test_keys_come_back_as_they_were_added_the_oldest_first(keys: KeyStore) -> None:
    made = [_key(f"Sensor {number}", after_s=number) for number in range(5)]

    for key in reversed(made):
        keys.add(key)

    assert keys.all() == made
    assert keys.get(made[2].key_id) == made[2]


def test_a_deleted_key_is_gone_and_the_others_stay(keys: KeyStore) -> None:
    kept, deleted = _key(), _key()
    keys.add(kept)
    keys.add(deleted)

    assert keys.delete(deleted.key_id) is True
    assert keys.delete(deleted.key_id) is False

    assert keys.get(deleted.key_id) is None
    assert keys.all() == [kept]


def test_the_last_use_is_stored_and_changes_nothing_else(keys: KeyStore) -> None:
    key = _key()
    keys.add(key)

    keys.set_last_used(key.key_id, T0 + 60 * SECOND)

    stored = keys.get(key.key_id)
    assert stored is not None
    assert stored.last_used_at == T0 + 60 * SECOND
    assert stored.digest == key.digest
    assert keys.all() == [stored]


def test_using_a_deleted_key_does_not_bring_it_back(keys: KeyStore) -> None:
    key = _key()
    keys.add(key)
    keys.delete(key.key_id)

    keys.set_last_used(key.key_id, T0)

    assert keys.all() == []


def test_a_thousand_keys_are_all_listed(keys: KeyStore) -> None:
    made = {key.key_id: key for key in (_key(f"Lector {number}") for number in range(1000))}

    for key in made.values():
        keys.add(key)

    assert {key.key_id: key for key in keys.all()} == made
