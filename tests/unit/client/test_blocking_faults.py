"""The blocking client over a network that loses requests and responses."""

import time
from http.server import ThreadingHTTPServer
from uuid import uuid4

import pytest

from alerta_utec.client import AlertaUtec, NoAnswer, Refused
from alerta_utec.client.blocking import was_applied
from alerta_utec.domain.update import UpdateRequest
from alerta_utec.domain.values import Status
from tests.support.server import Server
from tests.unit.client.flaky_proxy import (
    PASS,
    FlakyProxy,
    LostResponse,
    ProxyResponse,
    Step,
    problem,
)


def reported(server: Server) -> str:
    """Report an incident, and return its id."""
    with AlertaUtec(server.http_url) as client:
        return client.notify(type="humo", location="Patio", urgency="low").incident_id


@pytest.mark.parametrize(
    "step",
    [
        LostResponse(),
        LostResponse(arrives=False),
        problem("unavailable", 503),
        ProxyResponse(502, b"<p>proxy", "text/html"),
        ProxyResponse(504, b'{"message":"Endpoint request timed out"}', "application/json"),
        ProxyResponse(429, b'{"message":"Too Many Requests"}', "application/json"),
    ],
    ids=["answer lost", "request lost", "unavailable", "502", "504", "429"],
)
def test_a_failed_report_is_retried_and_stored_once(server: Server, step: Step) -> None:
    where = f"Sala {uuid4().hex}"

    with FlakyProxy(server.http_url, [step, step]) as proxy, AlertaUtec(proxy.url) as client:
        client.notify(type="humo", location=where, urgency="low")
        stored = list(client.incidents(location=where))

    assert len(stored) == 1
    sent = [headers["Idempotency-Key"] for method, _, headers in proxy.seen if method == "POST"]
    assert len(sent) == 3
    assert len(set(sent)) == 1


def test_a_failed_read_is_retried(server: Server) -> None:
    own = reported(server)

    with (
        FlakyProxy(server.http_url, [LostResponse(), problem("unavailable", 503)]) as proxy,
        AlertaUtec(proxy.url) as client,
    ):
        assert client.incident(own).incident.incident_id == own


def test_a_retry_waits_for_the_retry_after_header(server: Server) -> None:
    busy = problem("rate_limited", 429, Retry_After="1")
    started = time.monotonic()

    with FlakyProxy(server.http_url, [busy]) as proxy, AlertaUtec(proxy.url) as client:
        client.health()

    assert time.monotonic() - started >= 1


def test_a_retry_after_beyond_the_patience_fails_at_once(server: Server) -> None:
    busy = problem("rate_limited", 429, Retry_After="3600")
    started = time.monotonic()

    with (
        FlakyProxy(server.http_url, [busy]) as proxy,
        AlertaUtec(proxy.url) as client,
        pytest.raises(Refused, match="rate_limited"),
    ):
        client.health()

    assert time.monotonic() - started < 10


def test_a_call_to_a_server_that_never_answers_ends_in_time(server: Server) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), None) as deaf:  # type: ignore[arg-type]
        url = f"http://127.0.0.1:{deaf.server_address[1]}"
        started = time.monotonic()

        with AlertaUtec(url, timeout_s=0.1, patience_s=0.4) as client, pytest.raises(NoAnswer):
            client.health()

    assert time.monotonic() - started < 5


def test_an_update_whose_answer_was_lost_returns_the_ack(server: Server) -> None:
    own = reported(server)

    with (
        FlakyProxy(server.http_url, [PASS, LostResponse()]) as proxy,
        AlertaUtec(proxy.url) as client,
    ):
        ack = client.update(own, status="en_atencion", note="Voy")
        record = client.incident(own)

    assert (ack.revision, ack.duplicate) == (2, True)
    assert ack.seq == record.incident.seq
    assert [step.get("note") for step in record.history] == [None, "Voy"]


def test_an_update_with_a_revision_whose_answer_was_lost_returns_the_ack(
    server: Server,
) -> None:
    own = reported(server)

    with FlakyProxy(server.http_url, [LostResponse()]) as proxy, AlertaUtec(proxy.url) as client:
        ack = client.update(own, note="Voy", revision=1)
        history = client.incident(own).history

    assert (ack.revision, ack.duplicate) == (2, True)
    assert len(history) == 2


def test_a_repeated_update_with_its_revision_is_a_duplicate(server: Server) -> None:
    own = reported(server)

    with AlertaUtec(server.http_url) as client:
        client.update(own, status="resuelto", note="Listo", revision=1)
        again = client.update(own, status="resuelto", note="Listo", revision=1)

    assert (again.revision, again.duplicate) == (2, True)


def test_an_update_that_another_change_followed_is_not_made_twice(server: Server) -> None:
    own = reported(server)

    def reopen() -> None:
        with AlertaUtec(server.http_url) as other:
            other.update(own, status="pendiente", note="falsa alarma no era")

    with (
        FlakyProxy(server.http_url, [PASS, LostResponse(then=reopen)]) as proxy,
        AlertaUtec(proxy.url) as client,
    ):
        ack = client.update(own, status="resuelto")
        record = client.incident(own)

    assert (ack.revision, ack.duplicate) == (3, True)
    assert record.incident.status is Status.PENDIENTE
    assert len(record.history) == 3


def test_an_update_after_another_persons_change_applies_to_the_new_revision(server: Server) -> None:
    own = reported(server)

    def note() -> None:
        with AlertaUtec(server.http_url) as other:
            other.update(own, note="Yo lo vi")

    lost_before = LostResponse(arrives=False, then=note)
    with FlakyProxy(server.http_url, [PASS, lost_before]) as proxy, AlertaUtec(proxy.url) as client:
        ack = client.update(own, status="resuelto", note="Listo")
        history = client.incident(own).history

    assert (ack.revision, ack.duplicate) == (3, False)
    assert [step.get("note") for step in history] == [None, "Yo lo vi", "Listo"]


def test_an_update_with_a_revision_after_another_persons_change_is_a_conflict(
    server: Server,
) -> None:
    own = reported(server)

    def note() -> None:
        with AlertaUtec(server.http_url) as other:
            other.update(own, note="Yo lo vi")

    with (
        FlakyProxy(server.http_url, [LostResponse(arrives=False, then=note)]) as proxy,
        AlertaUtec(proxy.url) as client,
        pytest.raises(Refused, match="conflict"),
    ):
        client.update(own, note="Listo", revision=1)


CREATED = {"revision": 1, "change": {"status": [None, "pendiente"], "urgency": [None, "low"]}}


@pytest.mark.parametrize(
    ("step", "made"),
    [
        ({"change": {"status": ["pendiente", "resuelto"]}, "note": "Listo"}, True),
        ({"change": {"status": ["pendiente", "resuelto"]}, "note": "Otra"}, False),
        ({"change": {"status": ["pendiente", "resuelto"]}}, False),
        ({"change": {"status": ["pendiente", "en_atencion"]}, "note": "Listo"}, False),
        ({"change": {"urgency": ["low", "high"]}, "note": "Listo"}, False),
        (
            {
                "change": {"status": ["pendiente", "resuelto"], "urgency": ["low", "high"]},
                "note": "Listo",
            },
            False,
        ),
        ({"change": {}, "note": "Listo"}, False),
    ],
)
def test_a_revision_is_our_update_only_if_it_has_exactly_our_fields(
    step: dict[str, object], made: bool
) -> None:
    update = UpdateRequest.parse({"status": "Resuelto", "note": "Listo"})

    assert was_applied([CREATED, {"revision": 2} | step], 1, update) is made
    assert not was_applied([CREATED], 1, update)


def test_a_requested_field_that_already_had_its_value_counts_as_applied() -> None:
    step = {"revision": 2, "change": {"urgency": ["low", "high"]}}

    assert was_applied(
        [CREATED, step], 1, UpdateRequest.parse({"urgency": "alta", "status": "pendiente"})
    )
    assert not was_applied(
        [CREATED, step], 1, UpdateRequest.parse({"urgency": "alta", "status": "resuelto"})
    )
