"""What the handlers count for the people who run the service."""

import json
from typing import Any

import pytest

from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.origins import Origins
from alerta_utec.ports.incidents import Committed
from tests import events
from tests.support.incidents import incident
from tests.support.temporary_store import TemporaryStore
from tests.unit.handlers.conftest import ServiceOverFakes


class FullStore:
    """A store that has no room; it delegates everything else."""

    def __init__(self) -> None:
        self.stored = TemporaryStore()

    def commit(self, *_: Any, **__: Any) -> None:
        raise Unavailable

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stored.incidents, name)


def test_a_report_that_is_answered_with_unavailable_is_counted() -> None:
    service = ServiceOverFakes(store=FullStore())  # type: ignore[arg-type]

    service.submit(incident())
    service.http(events.load("http_post"))

    assert service.metrics.sums == {"unavailable": 2}


def test_other_refusals_and_successes_are_not_counted_as_unavailable(
    service: ServiceOverFakes,
) -> None:
    service.submit(incident())
    service.submit({"type": "incompleto"})
    service.get("http_show")

    assert service.metrics.sums == {}


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"multiValueHeaders": {"Origin": ["https://otro.example"]}}, "forbidden"),
        ({"multiValueQueryStringParameters": {"urgency": ["altísima"]}}, "invalid_request"),
        ({"multiValueQueryStringParameters": {"token": ["a", "b"]}}, "unauthorized"),
    ],
)
def test_a_refused_handshake_is_counted_by_its_reason(event: dict[str, Any], code: str) -> None:
    service = ServiceOverFakes(origins=Origins())

    service.connect(events.load("connect") | event)

    assert service.metrics.sums == {f"refused_handshakes:{code}": 1}


def test_an_accepted_handshake_is_not_counted_as_refused(service: ServiceOverFakes) -> None:
    service.connect(events.load("connect"))

    assert service.metrics.sums == {}


class WatchedStore:
    """A store that keeps the changes that it is asked to commit; it delegates everything."""

    def __init__(self) -> None:
        self.stored = TemporaryStore()
        self.changes_in: list[Change] = []

    def commit(self, change: Change, **expected: Any) -> Committed:
        self.changes_in.append(change)
        return self.stored.incidents.commit(change, **expected)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stored.incidents, name)


def test_a_change_carries_the_gateways_id_of_its_request() -> None:
    store = WatchedStore()
    service = ServiceOverFakes(store=store)  # type: ignore[arg-type]
    message = {"action": "notify", "incident": incident(incidentId="uno")}
    move = {"action": "update", "incidentId": "uno", "status": "en_atencion"}
    asked = [
        (service.notify, events.message("notify", json.dumps(message))),
        (service.update, events.message("update", json.dumps(move))),
        (service.http, events.load("http_post")),
        (service.http, events.load("http_patch") | {"pathParameters": {"incidentId": "uno"}}),
    ]

    for number, (handle, event) in enumerate(asked):
        event["requestContext"]["requestId"] = f"request-{number}"
        handle(event)

    own = [change.request_id for change in store.changes_in]
    assert own == [f"request-{number}" for number in range(len(asked))]
