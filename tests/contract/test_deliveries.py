"""``Deliveries``: the outcome of each change on each channel."""

import json

import pytest

from alerta_utec.adapters.aws.dynamodb.deliveries import MeteredDeliveries
from alerta_utec.domain.delivery import Channel, Delivery, WebhookChannel
from alerta_utec.ports.deliveries import Deliveries
from tests.contract.builders import T0

COUNTS = {"attempted": 3, "delivered": 1, "gone": 1, "throttled": 1, "failed": 0, "ms": 7}
CHANNELS: tuple[Channel, ...] = ("broadcast", "email")


def delivery(
    name: str, revision: int, channel: Channel = "broadcast", **outcome: object
) -> Delivery:
    return Delivery(name, revision, channel, T0, outcome or COUNTS)


def test_a_new_store_has_no_delivery(deliveries: Deliveries) -> None:
    assert deliveries.for_incident("a") == ()


def test_deliveries_are_listed_by_revision_and_channel(deliveries: Deliveries) -> None:
    email = delivery("a", 2, "email", result="failed", because="smtp ñ", attempts=3)

    deliveries.record([delivery("a", 10), email])
    told = delivery("a", 2, WebhookChannel("webhook:w1"), result="sent", attempts=1)
    deliveries.record([delivery("b", 1), told, delivery("a", 2)])

    assert deliveries.for_incident("a") == (delivery("a", 2), email, told, delivery("a", 10))


def test_the_deliveries_of_some_revisions_are_read_alone(deliveries: Deliveries) -> None:
    revisions = (1, 2, 9, 10, 11, 100)
    deliveries.record([delivery("a", one, name) for one in revisions for name in CHANNELS])
    deliveries.record([delivery("b", 10)])

    def found(first: int, end: int) -> list[int]:
        return [one.revision for one in deliveries.for_incident("a", range(first, end))]

    assert found(2, 11) == [2, 2, 9, 9, 10, 10]
    assert found(10, 11) == [10, 10]
    assert found(3, 9) == []
    assert found(0, 1) == []
    assert found(1, 101) == [one for one in revisions for _ in CHANNELS]


def test_a_later_delivery_replaces_the_first(deliveries: Deliveries) -> None:
    deliveries.record([delivery("a", 1, "email", result="failed")])

    deliveries.record([delivery("a", 1, "email", result="sent")])

    assert deliveries.for_incident("a") == (delivery("a", 1, "email", result="sent"),)


def test_many_deliveries_are_recorded_in_one_call(deliveries: Deliveries) -> None:
    many = tuple(delivery("a", number) for number in range(1, 301))

    deliveries.record(many)

    assert deliveries.for_incident("a") == many


def test_metered_deliveries_log_their_outcomes_as_metrics(
    metered_deliveries: MeteredDeliveries, capsys: pytest.CaptureFixture[str]
) -> None:
    told = delivery("a", 1, WebhookChannel("webhook:w1"), result="sent")
    metered_deliveries.record([delivery("a", 1), delivery("a", 1, "email", result="sent"), told])

    first, second, third = map(json.loads, capsys.readouterr().out.splitlines())
    names = [m["Name"] for m in first["_aws"]["CloudWatchMetrics"][0]["Metrics"]]
    assert names == list(COUNTS)
    assert {name: first[name] for name in names} == COUNTS
    assert second["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["channel"]]
    assert (second["channel"], second["sent"]) == ("email", 1)
    assert third["channel"] == "webhook"
