"""The blocking client's webhooks, against the real server over an unreliable network."""

from collections.abc import Iterator
from typing import Any

import pytest

from alerta_utec.client import AlertaUtec, ClientError, Refused, UnexpectedAnswer
from tests.support.incidents import unique
from tests.support.receiver import Receiver
from tests.support.server import Server
from tests.unit.client.flaky_proxy import FlakyProxy, LostResponse, ProxyResponse, problem

NOWHERE = "https://panel.example.edu/alertas"


@pytest.fixture
def alerta(server: Server) -> Iterator[AlertaUtec]:
    """A client of the server; the fixture removes every webhook after the test."""
    with AlertaUtec(server.http_url) as client:
        yield client
        for webhook in client.webhooks.all():
            client.webhooks.remove(webhook["webhookId"])


def quiet(alerta: AlertaUtec, **fields: Any) -> dict[str, Any]:
    """Add a webhook whose filter matches no incident."""
    return alerta.webhooks.add(NOWHERE, filter={"type": [unique()]}, **fields)


def test_a_webhook_is_added_changed_read_and_removed(alerta: AlertaUtec) -> None:
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


def test_a_path_in_an_id_is_escaped(alerta: AlertaUtec) -> None:
    with pytest.raises(Refused, match="not_found"):
        alerta.webhooks.remove("../incidents")


def test_an_idempotent_call_is_retried_until_it_is_answered(
    server: Server, alerta: AlertaUtec
) -> None:
    added = quiet(alerta)
    script = [LostResponse(), problem("unavailable", 503), LostResponse(arrives=False)]

    with FlakyProxy(server.http_url, script) as flaky, AlertaUtec(flaky.url) as client:
        paused = client.webhooks.change(added["webhookId"], state="paused")

    assert paused["state"] == "paused"
    assert len(flaky.seen) == 4


@pytest.mark.parametrize(
    "failure", [LostResponse(), problem("unavailable", 503)], ids=["lost", "503"]
)
@pytest.mark.parametrize("what", ["add", "rotate", "test"])
def test_a_call_that_is_not_idempotent_is_attempted_once(
    server: Server, alerta: AlertaUtec, failure: LostResponse | ProxyResponse, what: str
) -> None:
    added = quiet(alerta)
    asked = {"url": NOWHERE} if what == "add" else {"webhook_id": added["webhookId"]}

    with (
        FlakyProxy(server.http_url, [failure]) as flaky,
        AlertaUtec(flaky.url) as client,
        pytest.raises(ClientError),
    ):
        getattr(client.webhooks, what)(**asked)

    assert len(flaky.seen) == 1


def test_a_client_without_patience_attempts_every_call_once(server: Server) -> None:
    with (
        FlakyProxy(server.http_url, [LostResponse()]) as flaky,
        AlertaUtec(flaky.url, patience_s=0) as client,
    ):
        with pytest.raises(ClientError):
            client.webhooks.all()
        found = client.webhooks.all()

    assert isinstance(found, list)
    assert len(flaky.seen) == 2


def test_a_test_event_can_take_as_long_as_the_service_waits_for_a_receiver(
    alerta: AlertaUtec, server: Server
) -> None:
    instant: dict[str, Any] = {"timeout_s": 1e-6, "patience_s": 0}
    with Receiver() as receiver, AlertaUtec(server.http_url, **instant) as hasty:
        added = alerta.webhooks.add(receiver.url, filter={"type": unique()})

        tried = hasty.webhooks.test(added["webhookId"])
        with pytest.raises(ClientError):
            hasty.webhooks.all()

    assert (tried["ok"], tried["status"]) == (True, 204)


def test_a_malformed_list_is_an_unexpected_answer(server: Server) -> None:
    strange = ProxyResponse(200, b"{}", "application/json")

    with (
        FlakyProxy(server.http_url, [strange]) as flaky,
        AlertaUtec(flaky.url) as client,
        pytest.raises(UnexpectedAnswer),
    ):
        client.webhooks.all()
