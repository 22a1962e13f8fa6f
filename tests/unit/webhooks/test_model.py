"""The webhook: the changes it matches, the secrets that sign, and its record."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.values import Urgency
from alerta_utec.webhooks.formats import Format
from alerta_utec.webhooks.model import ROTATION, Secret, State, Webhook
from alerta_utec.webhooks.requests import WebhookRequest
from tests.contract.builders import T0, creation, update, webhook

SECOND = timedelta(seconds=1)


def at_seq(change: Change, seq: int) -> Change:
    return change.committed(Position("e", seq))


def test_each_webhook_has_a_secret_of_its_own_of_32_bytes() -> None:
    one, two = webhook(), webhook()

    assert one.secrets[0].value != two.secrets[0].value
    assert len(one.secrets[0].key) == 32
    assert one.secrets[0].value.startswith("whsec_")


def test_a_webhook_matches_later_changes_by_the_state_before_or_after() -> None:
    one = webhook(since_seq=5, filter={"urgency": ["high"]})
    low = at_seq(creation(urgency="low"), 6)
    high = at_seq(creation(urgency="high"), 6)
    lowered = at_seq(update(high.after, urgency=Urgency.LOW), 7)

    assert [one.matches_change(change) for change in (low, high, lowered)] == [False, True, True]
    assert not one.matches_change(at_seq(high, 5))


@pytest.mark.parametrize("state", [State.PAUSED, State.GONE])
def test_a_webhook_that_is_not_active_matches_nothing(state: State) -> None:
    assert not webhook().next(state=state).matches_change(at_seq(creation(), 1))


def test_after_a_rotation_both_secrets_sign_for_a_day() -> None:
    first = webhook()
    rotated = first.rotated(Secret.new(), T0)
    microsecond = timedelta(microseconds=1)

    signing = [len(rotated.signing(T0 + ROTATION + n * microsecond)) for n in (-1, 0, 1)]

    assert [own.value for own in rotated.secrets][1] == first.secrets[0].value
    assert signing == [2, 1, 1]


def test_a_second_rotation_drops_the_oldest_secret() -> None:
    first = webhook()

    twice = first.rotated(Secret.new(), T0).rotated(Secret.new(), T0 + SECOND)

    assert len(twice.signing(T0 + SECOND)) == 2
    assert first.secrets[0].value not in {own.value for own in twice.secrets}


def test_no_secret_is_shown_or_printed() -> None:
    one = webhook().rotated(Secret.new(), T0)
    shown = f"{one.to_json()} {one!r} {WebhookRequest(secret=one.secrets[0])!r}"

    assert not any(own.value in shown for own in one.secrets)
    assert one.to_json()["oldSecretUntil"] == "2035-11-17T18:12:00.123456Z"


def test_a_record_keeps_every_field() -> None:
    one = webhook(filter={"location": ["Biblioteca"]}, description="x").rotated(Secret.new(), T0)
    plain = webhook(format="cloudevents").next(state=State.GONE, created_by="jefa")

    assert [Webhook.from_record(own.to_record()) for own in (one, plain)] == [one, plain]


def test_a_record_of_version_0_1_is_of_the_json_format_and_of_no_known_creator() -> None:
    record = webhook(description="x").to_record()
    del record["format"]

    read = Webhook.from_record(record)

    assert (read.format, read.created_by) == (Format.JSON, None)
    assert read.to_record() == record | {"format": "json"}


def test_each_webhook_has_a_channel_of_its_own() -> None:
    assert replace(webhook(), webhook_id="a").channel == "webhook:a"
