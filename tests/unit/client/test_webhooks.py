"""Webhooks by the client without asyncio, against the real server over a bad line."""

from collections.abc import Iterator
from typing import Any

import pytest

from alerta_utec.client import AlertaUtec, ClientError, Refused, UnexpectedAnswer
from tests.support.incidents import unique
from tests.support.receiver import Receiver
from tests.support.server import Server
from tests.unit.client.flaky import Answer, Flaky, Lost, problem

NOWHERE = "https://panel.example.edu/alertas"


@pytest.fixture
def alerta(server: Server) -> Iterator[AlertaUtec]:
    """A client of the server, which has no webhooks after the test."""
    with AlertaUtec(server.http_url) as client:
        yield client
        for webhook in client.webhooks.all():
            client.webhooks.remove(webhook["webhookId"])


def quiet(alerta: AlertaUtec, **fields: Any) -> dict[str, Any]:
    """A new webhook that hears of nothing."""
    return alerta.webhooks.add(NOWHERE, filter={"type": [unique()]}, **fields)


def test_a_webhook_is_added_changed_looked_at_and_removed(alerta: AlertaUtec) -> None:
    added = quiet(alerta, description="Uno")
    webhook_id = added["webhookId"]

    changed = alerta.webhooks.change(webhook_id, description="", filter={}, state="paused")

    assert added.pop("secret").startswith("whsec_")
    assert changed == added | {"description": "", "filter": {}, "state": "paused"}
    assert alerta.webhooks.get(webhook_id) == changed
    assert changed in alerta.webhooks.all()
    assert alerta.webhooks.failures(webhook_id) == []
    assert alerta.webhooks.retry(webhook_id) == 0
    assert alerta.webhooks.rotate(webhook_id)["oldSecretUntil"]
    alerta.webhooks.remove(webhook_id)
    with pytest.raises(Refused, match="not_found"):
        alerta.webhooks.get(webhook_id)


def test_an_id_is_no_path(alerta: AlertaUtec) -> None:
    with pytest.raises(Refused, match="not_found"):
        alerta.webhooks.remove("../incidents")


def test_what_may_be_repeated_is_until_it_is_answered(server: Server, alerta: AlertaUtec) -> None:
    added = quiet(alerta)
    script = [Lost(), problem("unavailable", 503), Lost(arrives=False)]

    with Flaky(server.http_url, script) as flaky, AlertaUtec(flaky.url) as client:
        paused = client.webhooks.change(added["webhookId"], state="paused")

    assert paused["state"] == "paused"
    assert len(flaky.seen) == 4


@pytest.mark.parametrize("failure", [Lost(), problem("unavailable", 503)], ids=["lost", "503"])
@pytest.mark.parametrize("what", ["add", "rotate", "test"])
def test_what_would_be_done_twice_is_tried_once(
    server: Server, alerta: AlertaUtec, failure: Lost | Answer, what: str
) -> None:
    added = quiet(alerta)
    asked = {"url": NOWHERE} if what == "add" else {"webhook_id": added["webhookId"]}

    with (
        Flaky(server.http_url, [failure]) as flaky,
        AlertaUtec(flaky.url) as client,
        pytest.raises(ClientError),
    ):
        getattr(client.webhooks, what)(**asked)

    assert len(flaky.seen) == 1


def test_without_patience_everything_is_tried_once(server: Server) -> None:
    with Flaky(server.http_url, [Lost()]) as flaky, AlertaUtec(flaky.url, patience_s=0) as client:
        with pytest.raises(ClientError):
            client.webhooks.all()
        found = client.webhooks.all()

    assert isinstance(found, list)
    assert len(flaky.seen) == 2


def test_a_test_may_take_as_long_as_the_service_waits_for_a_receiver(
    alerta: AlertaUtec, server: Server
) -> None:
    instant: dict[str, Any] = {"timeout_s": 1e-6, "patience_s": 0}
    with Receiver() as receiver, AlertaUtec(server.http_url, **instant) as hasty:
        added = alerta.webhooks.add(receiver.url, filter={"type": unique()})

        tried = hasty.webhooks.test(added["webhookId"])
        with pytest.raises(ClientError):
            hasty.webhooks.all()

    assert (tried["ok"], tried["status"]) == (True, 204)


def test_an_answer_that_makes_no_sense_is_not_taken_for_a_list(server: Server) -> None:
    strange = Answer(200, b"{}", "application/json")

    with (
        Flaky(server.http_url, [strange]) as flaky,
        AlertaUtec(flaky.url) as client,
        pytest.raises(UnexpectedAnswer),
    ):
        client.webhooks.all()
