"""The client without asyncio, against the real server."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from alerta_utec.client import AlertaUtec, Refused, UnexpectedAnswer, Unreachable
from alerta_utec.client.retrying import http_base
from alerta_utec.domain.values import Status, Urgency
from tests.conftest import ServeFactory
from tests.support.emulator import free_port
from tests.support.server import Server
from tests.support.sign_in import WITH_SECRET, token
from tests.unit.client.flaky import Answer, Flaky


@pytest.fixture
def alerta(server: Server) -> Iterator[AlertaUtec]:
    """A client of the running server."""
    with AlertaUtec(server.http_url) as client:
        yield client


def place() -> str:
    """A location that no other test has."""
    return f"Sala {uuid4().hex[:12]}"


def test_what_is_reported_is_stored_with_its_fields(alerta: AlertaUtec) -> None:
    at = datetime(2026, 11, 24, 2, 56, tzinfo=UTC)
    where = place()

    ack = alerta.notify(type="humo", location=where, urgency="alta", timestamp=at, sensor="H-3")

    incident = alerta.incident(ack.incident_id).incident
    assert (incident.type, incident.location, incident.urgency) == ("humo", where, Urgency.HIGH)
    assert (incident.timestamp, incident.extras) == (at, {"sensor": "H-3"})
    assert (ack.seq, ack.revision, ack.duplicate) == (incident.seq, 1, False)


def test_a_mapping_may_be_given_and_fields_are_laid_over_it(alerta: AlertaUtec) -> None:
    own = uuid4().hex
    base = {"incidentId": own, "type": "fuga", "location": place(), "urgency": "low"}

    ack = alerta.notify(base, urgency="medium")

    assert ack.incident_id == own
    assert alerta.incident(own).incident.urgency is Urgency.MEDIUM


def test_a_time_without_its_zone_is_not_guessed(alerta: AlertaUtec) -> None:
    with pytest.raises(ValueError, match="zone"):
        alerta.notify(type="humo", location="x", urgency="low", timestamp=datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("key", ["k-1", "clave de la ñandú ☂"])
def test_the_same_key_is_the_same_incident(alerta: AlertaUtec, key: str) -> None:
    where, own_key = place(), f"{key} {uuid4().hex}"

    first = alerta.notify(type="humo", location=where, urgency="low", idempotency_key=own_key)
    second = alerta.notify(type="humo", location=where, urgency="low", idempotency_key=own_key)

    assert (second.incident_id, second.duplicate) == (first.incident_id, True)
    assert len(list(alerta.incidents(location=where))) == 1


def test_all_that_match_are_listed_over_pages_that_are_fetched_when_needed(
    server: Server, alerta: AlertaUtec
) -> None:
    where = place()
    for number in range(203):
        alerta.notify(type=f"t{number}", location=where, urgency="low")

    with Flaky(server.http_url) as proxy, AlertaUtec(proxy.url) as client:
        listed = client.incidents(location=where, urgency=["low", "high"], status="pendiente")
        first = next(listed)
        asked_for_the_first = len(proxy.seen)
        rest = list(listed)

    assert first.type == "t202"
    assert [incident.type for incident in rest] == [f"t{n}" for n in range(201, -1, -1)]
    assert (asked_for_the_first, len(proxy.seen)) == (1, 2)


@pytest.mark.parametrize(("limit", "expected"), [(0, 0), (2, 2), (9, 3)])
def test_no_more_than_the_limit_are_listed(alerta: AlertaUtec, limit: int, expected: int) -> None:
    where = place()
    for _ in range(3):
        alerta.notify(type="humo", location=where, urgency="low")

    assert len(list(alerta.incidents(location=where, limit=limit))) == expected


def test_an_incident_moves_on_and_its_history_says_how(alerta: AlertaUtec) -> None:
    own = alerta.notify(type="humo", location=place(), urgency="low").incident_id

    moved = alerta.update(own, status="en atención", note="Voy")
    raised = alerta.update(own, urgency="high", revision=moved.revision)

    record = alerta.incident(own)
    assert (record.incident.status, record.incident.urgency) == (Status.EN_ATENCION, Urgency.HIGH)
    assert [step["revision"] for step in record.history] == [1, moved.revision, raised.revision]
    assert record.history[1]["note"] == "Voy"


def test_an_old_revision_is_a_conflict_and_nothing_is_changed(alerta: AlertaUtec) -> None:
    own = alerta.notify(type="humo", location=place(), urgency="low").incident_id
    alerta.update(own, note="otra persona")

    with pytest.raises(Refused) as refused:
        alerta.update(own, status="resuelto", revision=1)

    assert refused.value.code == "conflict"
    assert alerta.incident(own).incident.status is Status.PENDIENTE


def test_it_counts_and_tells_that_the_service_is_up(alerta: AlertaUtec) -> None:
    alerta.notify(type="humo", location=place(), urgency="low")

    assert alerta.stats(days=1)["total"] >= 1
    assert alerta.health()["status"] == "ok"
    assert alerta.me()["user"] is None


def test_a_refusal_comes_with_every_problem_and_is_not_repeated(server: Server) -> None:
    with (
        Flaky(server.http_url) as proxy,
        AlertaUtec(proxy.url) as client,
        pytest.raises(Refused) as refused,
    ):
        client.notify(urgency="regular")

    fields = {field for field, _ in refused.value.problems}
    assert refused.value.code == "invalid_incident"
    assert fields == {"incident.type", "incident.location", "incident.urgency"}
    assert len(proxy.seen) == 1


@pytest.mark.parametrize("incident_id", ["no-existe", "a/b", "?x=1", "ñ %00"])
def test_any_id_is_asked_for_as_it_is(alerta: AlertaUtec, incident_id: str) -> None:
    with pytest.raises(Refused, match="not_found"):
        alerta.incident(incident_id)


def test_a_function_is_asked_for_a_token_before_each_request(serve: ServeFactory) -> None:
    server = serve(environment=WITH_SECRET)
    tokens = iter([token("estudiante", sub="eva"), token("autoridad", sub="rosa")])

    with AlertaUtec(server.http_url, token=lambda: next(tokens)) as client:
        people = [client.me()["user"], client.me()["user"]]

    assert people == ["eva", "rosa"]


def test_without_a_token_where_one_is_needed_it_is_refused(serve: ServeFactory) -> None:
    server = serve(environment=WITH_SECRET)

    with AlertaUtec(server.http_url) as client, pytest.raises(Refused, match="unauthorized"):
        client.notify(type="humo", location="Patio", urgency="low")


def test_threads_may_share_it(alerta: AlertaUtec) -> None:
    where, failures = place(), []

    def report() -> None:
        try:
            for _ in range(5):
                alerta.notify(type="humo", location=where, urgency="low")
        except Exception as error:  # told to the test, whatever it is
            failures.append(error)

    threads = [threading.Thread(target=report) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(list(alerta.incidents(location=where))) == 60


def test_the_web_sockets_address_will_do_on_one_machine(server: Server) -> None:
    with AlertaUtec(server.ws_url) as client:
        assert client.health()["status"] == "ok"


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://alerta.example.edu", "https://alerta.example.edu"),
        ("https://example.edu/alerta/", "https://example.edu/alerta"),
        ("ws://127.0.0.1:8000/dev", "http://127.0.0.1:8000"),
        ("wss://example.edu/alerta/dev", "https://example.edu/alerta"),
    ],
)
def test_the_base_is_the_address_of_the_http_api(url: str, base: str) -> None:
    assert http_base(url) == base


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("127.0.0.1:8000", "http"),
        ("ftp://example.edu", "http"),
        ("http://", "http"),
        ("wss://abc.execute-api.us-east-1.amazonaws.com/dev", "AWS"),
    ],
)
def test_another_address_is_refused_at_once(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        AlertaUtec(url)


def test_where_nobody_listens_it_says_so_once_its_patience_is_over() -> None:
    client = AlertaUtec(f"http://127.0.0.1:{free_port()}", patience_s=0.2)

    with client, pytest.raises(Unreachable, match="refused"):
        client.health()


@pytest.mark.parametrize(
    ("answer", "retryable"),
    [
        (Answer(200, b"<p>hola", "text/html"), False),
        (Answer(200, b"[1]", "application/json"), False),
        (Answer(301, b"", "text/html", {"Location": "http://127.0.0.1:1/"}), False),
        (Answer(404, b'{"message":"Not Found"}', "application/json"), False),
        (Answer(502, b"<p>proxy", "text/html"), True),
    ],
)
def test_an_answer_of_somebody_else_is_told_as_such(answer: Answer, retryable: bool) -> None:
    with (
        Flaky("http://127.0.0.1:1", [answer] * 20) as proxy,
        AlertaUtec(proxy.url, patience_s=0.1) as client,
        pytest.raises(UnexpectedAnswer) as caught,
    ):
        client.health()

    assert caught.value.retryable is retryable


@pytest.mark.parametrize(
    "body",
    [b'{"incidents":3}', b'{"incidents":[{"incidentId":"x"}]}', b'{"incidents":["x"]}', b"{}"],
)
def test_incidents_that_are_none_are_told_as_such(body: bytes) -> None:
    with (
        Flaky("http://127.0.0.1:1", [Answer(200, body, "application/json")] * 2) as proxy,
        AlertaUtec(proxy.url) as client,
    ):
        with pytest.raises(UnexpectedAnswer):
            list(client.incidents())
        with pytest.raises(UnexpectedAnswer):
            client.incident("x")
