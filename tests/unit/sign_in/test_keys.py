"""Keys: their tokens, their requests, and what a token proves."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.adapters.jwt_tokens import JwtAuthenticator, JwtSettings
from alerta_utec.app.access import NoAuthentication
from alerta_utec.domain.errors import InvalidRequest, NotFound, Unauthorized, Unavailable
from alerta_utec.domain.filters import Filter
from alerta_utec.domain.policy import ANONYMOUS, Role, Scope
from alerta_utec.domain.values import format_time
from alerta_utec.sign_in.authenticators import KeyAuthenticator
from alerta_utec.sign_in.key import KEYS_MAX, Key, read_token
from alerta_utec.sign_in.key_request import NAME_MAX, KeyRequest
from alerta_utec.sign_in.local.keys import SqliteKeys
from alerta_utec.sign_in.manage_keys import ManageKeys
from tests.fakes.clock import ManualClock
from tests.fakes.connections import FakeCredentialConnections
from tests.support.temporary_store import TemporaryStore
from tests.unit.domain.strategies import json_values

SENSOR = {"name": "Sensor de humo", "scopes": ["report"]}
TOKENS = JwtAuthenticator(JwtSettings(secret="s" * 32))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store() -> SqliteKeys:
    return TemporaryStore().keys


@pytest.fixture
def closed() -> FakeCredentialConnections:
    return FakeCredentialConnections()


@pytest.fixture
def manage(store: SqliteKeys, clock: ManualClock, closed: FakeCredentialConnections) -> ManageKeys:
    return ManageKeys(store, closed, clock)


@pytest.fixture
def authenticator(store: SqliteKeys, clock: ManualClock) -> KeyAuthenticator:
    return KeyAuthenticator(store, clock, TOKENS)


def refused(authenticator: KeyAuthenticator, token: str) -> str:
    with pytest.raises(Unauthorized) as error:
        authenticator.authenticate(token)
    return str(error.value)


def problems(data: Any, clock: ManualClock) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as error:
        KeyRequest.parse(data, now=clock.now())
    return [(problem.field, problem.key) for problem in error.value.problems]


def test_a_key_proves_what_it_was_made_for(
    manage: ManageKeys, authenticator: KeyAuthenticator
) -> None:
    wanted = {**SENSOR, "filter": {"location": "Torre A"}}

    key, token = manage.create(wanted, by="jefa")

    proved = authenticator.authenticate(token)
    assert proved.credential == f"key:{key.key_id}"
    assert proved.identity.user == f"Sensor de humo (key:{key.key_id})"
    assert proved.identity.is_staff
    assert proved.identity.grant is not None
    assert proved.identity.grant.scopes == {Scope.REPORT}
    assert proved.identity.filter == Filter(location=frozenset({"torre a"}))
    assert proved.expires_at is None


def test_no_listing_or_log_line_contains_the_secret(
    manage: ManageKeys, store: SqliteKeys, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        key, token = manage.create(SENSOR, by="jefa")
        manage.revoke(key.key_id, by="jefa")
        store.add(key)

    parts = read_token(token)
    assert parts is not None
    secret = parts[1]
    shown = repr(key) + str(key.to_json()) + str(key.to_record())
    shown += "".join(str(record.__dict__) for record in caplog.records)
    assert secret not in shown
    assert key.digest not in repr(key) + str(key.to_json())
    assert [record.__dict__["by"] for record in caplog.records if "by" in record.__dict__] == [
        "jefa",
        "jefa",
    ]


@pytest.mark.parametrize("end", ["", "b", "\n", " "])
def test_a_token_with_another_end_is_malformed(
    manage: ManageKeys, authenticator: KeyAuthenticator, end: str
) -> None:
    token = manage.create(SENSOR, by="jefa")[1]

    assert refused(authenticator, token[:-1] + end) in ("malformed_key", "unknown_key")


def test_a_guess_of_the_secret_or_the_id_is_refused_alike(
    manage: ManageKeys, authenticator: KeyAuthenticator
) -> None:
    first, second = (manage.create(SENSOR, by="jefa")[1] for _ in range(2))

    crossed = first[: first.rindex("_")] + second[second.rindex("_") :]

    unknown = "ak_" + "a" * 16 + second[second.rindex("_") :]
    assert refused(authenticator, crossed) == refused(authenticator, unknown) == "unknown_key"


@given(st.text(max_size=120))
def test_any_text_is_no_key_or_a_malformed_one(text: str) -> None:
    store, clock = TemporaryStore().keys, ManualClock()
    authenticator = KeyAuthenticator(store, clock, TOKENS)

    for token in (text, f"ak_{text}", f"ak_{text}_{text}"):
        assert refused(authenticator, token)


def test_a_revoked_key_is_refused_and_its_connections_are_closed(
    manage: ManageKeys, authenticator: KeyAuthenticator, closed: FakeCredentialConnections
) -> None:
    key, token = manage.create(SENSOR, by="jefa")
    assert authenticator.is_valid(key.credential)

    manage.revoke(key.key_id, by="jefa")

    assert refused(authenticator, token) == "unknown_key"
    assert not authenticator.is_valid(key.credential)
    assert closed.closed == [key.credential]
    with pytest.raises(NotFound):
        manage.revoke(key.key_id, by="jefa")


def test_a_key_ends_at_its_expiry(
    manage: ManageKeys, authenticator: KeyAuthenticator, clock: ManualClock
) -> None:
    end = clock.now() + timedelta(hours=1)
    token = manage.create({**SENSOR, "expiresAt": format_time(end)}, by="jefa")[1]
    assert authenticator.authenticate(token).expires_at == end

    clock.set(end)

    assert refused(authenticator, token) == "expired_key"


def test_the_last_use_is_stored_once_a_minute(
    manage: ManageKeys, authenticator: KeyAuthenticator, store: SqliteKeys, clock: ManualClock
) -> None:
    key, token = manage.create(SENSOR, by="jefa")
    began = clock.now()
    seen = []
    for after_s in (0, 59, 60, 119, 121):
        clock.set(began + timedelta(seconds=after_s))
        authenticator.authenticate(token)
        stored = store.get(key.key_id)
        assert stored is not None
        assert stored.last_used_at is not None
        seen.append((stored.last_used_at - began).seconds)

    assert seen == [0, 0, 60, 60, 121]


def test_a_key_is_valid_while_its_last_use_cannot_be_stored(
    manage: ManageKeys, clock: ManualClock, store: SqliteKeys
) -> None:
    class ReadOnly(SqliteKeys):
        def __init__(self) -> None:
            pass

        def get(self, key_id: str) -> Key | None:
            return store.get(key_id)

        def set_last_used(self, *_: object) -> None:
            raise Unavailable("full")

    token = manage.create(SENSOR, by="jefa")[1]

    assert KeyAuthenticator(ReadOnly(), clock, TOKENS).authenticate(token).credential


def test_other_tokens_go_to_the_other_authenticator(authenticator: KeyAuthenticator) -> None:
    assert refused(authenticator, "") == "no_token"
    assert refused(authenticator, "x.y.z") == "malformed"


def test_without_sign_in_a_key_is_anonymous(
    manage: ManageKeys, store: SqliteKeys, clock: ManualClock
) -> None:
    token = manage.create(SENSOR, by="jefa")[1]

    proved = KeyAuthenticator(store, clock, NoAuthentication()).authenticate(token)

    assert proved.identity == ANONYMOUS


def test_all_problems_of_a_request_are_found_at_once(clock: ManualClock) -> None:
    data = {"name": " ", "scopes": ["all"], "filter": {"place": "x"}, "expiresAt": "hoy", "role": 1}

    assert problems(data, clock) == [
        ("expiresAt", "not_timestamp"),
        ("filter.place", "not_valid"),
        ("name", "empty"),
        ("role", "not_valid"),
        ("scopes", "not_one_of"),
    ]


@pytest.mark.parametrize("data", [None, [], "sensor", {}, {"name": 5, "scopes": "report"}])
def test_a_request_without_a_name_or_scopes_is_refused(data: object, clock: ManualClock) -> None:
    assert problems(data, clock)


@pytest.mark.parametrize(("length", "fits"), [(NAME_MAX, True), (NAME_MAX + 1, False)])
def test_a_name_has_a_longest_length(length: int, fits: bool, clock: ManualClock) -> None:
    data = {**SENSOR, "name": "x" * length}

    if fits:
        assert KeyRequest.parse(data, now=clock.now()).name == data["name"]
    else:
        assert problems(data, clock) == [("name", "too_long")]


def test_an_expiry_in_the_past_is_refused(clock: ManualClock) -> None:
    data = {**SENSOR, "expiresAt": format_time(clock.now())}

    assert problems(data, clock) == [("expiresAt", "in_past")]


@given(json_values)
def test_any_request_is_parsed_or_refused(data: Any) -> None:
    now = ManualClock().now()
    for candidate in (data, {**SENSOR, "filter": data}, {"name": data, "scopes": data}):
        with suppress(InvalidRequest):
            assert KeyRequest.parse(candidate, now=now).name


def test_no_key_is_made_beyond_the_highest_number(
    manage: ManageKeys, store: SqliteKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, _ = manage.create(SENSOR, by="jefa")
    monkeypatch.setattr(store, "all", lambda: [key] * KEYS_MAX)

    with pytest.raises(InvalidRequest) as error:
        manage.create(SENSOR, by="jefa")

    assert error.value.problems[0].key == "too_many_keys"


def test_a_key_acts_with_the_role_of_staff_for_limits(manage: ManageKeys) -> None:
    assert manage.create(SENSOR, by="jefa")[0].identity.role is Role.PERSONAL
