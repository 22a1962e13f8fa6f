"""``Delivery``: the record of one change on one channel, as the HTTP API returns it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from alerta_utec.domain.delivery import Channel, Delivery, WebhookChannel, deliveries_to_json

AT = datetime(2035, 11, 16, 18, 12, tzinfo=UTC)
HELD: dict[str, Any] = {"result": "held", "because": "limit"}


def _shown(outcome: dict[str, Any], *, private: bool) -> dict[str, Any]:
    return Delivery("a", 1, "email", AT, outcome).to_json(private=private)


def test_a_reason_is_shown_beside_its_former_name() -> None:
    shown = _shown(HELD | {"recipients": [{"to": "a@example.edu", **HELD}]}, private=True)

    assert (shown["reason"], shown["because"]) == ("limit", "limit")
    assert shown["recipients"] == [{"to": "a@example.edu", **HELD, "reason": "limit"}]


@pytest.mark.parametrize("private", [False, True])
def test_a_delivery_without_a_reason_has_neither_field(private: bool) -> None:
    shown = _shown({"result": "sent"}, private=private)

    assert "reason" not in shown
    assert "because" not in shown


def test_recipients_are_shown_only_to_people_who_can_see_names() -> None:
    outcome = {"result": "sent", "recipients": [{"to": "a@example.edu", "result": "sent"}]}

    assert "recipients" not in _shown(outcome, private=False)
    assert len(_shown(outcome, private=True)["recipients"]) == 1


@pytest.mark.parametrize(("private", "seen"), [(False, 2), (True, 4)])
def test_deliveries_to_webhooks_are_shown_to_staff_only(private: bool, seen: int) -> None:
    channels: list[Channel] = [
        "broadcast",
        "email",
        WebhookChannel("webhook:a"),
        WebhookChannel("webhook:b"),
    ]
    deliveries = [Delivery("a", 1, channel, AT, {"result": "sent"}) for channel in channels]

    found = deliveries_to_json(deliveries, private=private)

    assert [one["channel"] for one in found] == channels[:seen]
