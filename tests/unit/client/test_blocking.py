"""The blocking client against the real server."""

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
from tests.unit.client.flaky_proxy import FlakyProxy, ProxyResponse


@pytest.fixture
def alerta(server: Server) -> Iterator[AlertaUtec]:
    """A client of the running server."""
    with AlertaUtec(server.http_url) as client:
        yield client


def place() -> str:
    """Return a location that no other test uses."""
    return f"Sala {uuid4().hex[:12]}"


def test_the_service_stores_a_report_with_its_fields(alerta: AlertaUtec) -> None:
    at = datetime(2026, 11, 24, 2, 56, tzinfo=UTC)
    where = place()

    ack = alerta.notify(type="humo", location=where, urgency="alta", timestamp=at, sensor="H-3")

    incident = alerta.incident(ack.incident_id).incident
    assert (incident.type, incident.location, incident.urgency) == ("humo", where, Urgency.HIGH)
    assert (incident.timestamp, incident.extras) == (at, {"sensor": "H-3"})
    assert (ack.seq, ack.revision, ack.duplicate) == (incident.seq, 1, False)


def test_fields_override_those_of_a_mapping(alerta: AlertaUtec) -> None:
    own = uuid4().hex
    base = {"incidentId": own, "type": "fuga", "location": place(), "urgency": "low"}

    ack = alerta.notify(base, urgency="medium")

    assert ack.incident_id == own
    assert alerta.incident(own).incident.urgency is Urgency.MEDIUM


def test_a_time_without_a_zone_is_refused(alerta: AlertaUtec) -> None:
    with pytest.raises(ValueError, match="zone"):
        alerta.notify(type="humo", location="x", urgency="low", timestamp=datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("key", ["k-1", "clave de la ñandú ☂"])
def test_two_reports_with_the_same_key_are_one_incident(alerta: AlertaUtec, key: str) -> None:
    where, own_key = place(), f"{key} {uuid4().hex}"

    first = alerta.notify(type="humo", location=where, urgency="low", idempotency_key=own_key)
    second = alerta.notify(type="humo", location=where, urgency="low", idempotency_key=own_key)

    assert (second.incident_id, second.duplicate) == (first.incident_id, True)
    assert len(list(alerta.incidents(location=where))) == 1


def test_a_list_fetches_each_page_when_it_is_needed(server: Server, alerta: AlertaUtec) -> None:
    where = place()
    for number in range(203):
        alerta.notify(type=f"t{number}", location=where, urgency="low")

    with FlakyProxy(server.http_url) as proxy, AlertaUtec(proxy.url) as client:
        listed = client.incidents(location=where, urgency=["low", "high"], status="pendiente")
        first = next(listed)
        asked_for_the_first = len(proxy.seen)
        rest = list(listed)

    assert first.type == "t202"
    assert [incident.type for incident in rest] == [f"t{n}" for n in range(201, -1, -1)]
    assert (asked_for_the_first, len(proxy.seen)) == (1, 2)


@pytest.mark.parametrize(("limit", "expected"), [(0, 0), (2, 2), (9, 3)])
def test_a_list_ends_at_the_limit(alerta: AlertaUtec, limit: int, expected: int) -> None:
    where = place()
    for _ in range(3):
        alerta.notify(type="humo", location=where, urgency="low")

    assert len(list(alerta.incidents(location=where, limit=limit))) == expected


def test_an_update_stands_in_the_history(alerta: AlertaUtec) -> None:
    own = alerta.notify(type="humo", location=place(), urgency="low").incident_id

    moved = alerta.update(own, status="en atención", note="Voy")
    raised = alerta.update(own, urgency="high", revision=moved.revision)

    record = alerta.incident(own)
    assert (record.incident.status, record.incident.urgency) == (Status.EN_ATENCION, Urgency.HIGH)
    assert [step["revision"] for step in record.history] == [1, moved.revision, raised.revision]
    assert record.history[1]["note"] == "Voy"


def test_an_update_of_an_old_revision_is_a_conflict_and_changes_nothing(alerta: AlertaUtec) -> None:
    own = alerta.notify(type="humo", location=place(), urgency="low").incident_id
    alerta.update(own, note="otra persona")

    with pytest.raises(Refused) as refused:
        alerta.update(own, status="resuelto", revision=1)

    assert refused.value.code == "conflict"
    assert alerta.incident(own).incident.status is Status.PENDIENTE


def test_the_client_returns_statistics_health_and_the_person(alerta: AlertaUtec) -> None:
    alerta.notify(type="humo", location=place(), urgency="low")

    assert alerta.stats(days=1)["total"] >= 1
    assert alerta.health()["status"] == "ok"
    assert alerta.me()["user"] is None


def test_a_refusal_names_every_problem_and_is_not_retried(server: Server) -> None:
    with (
        FlakyProxy(server.http_url) as proxy,
        AlertaUtec(proxy.url) as client,
        pytest.raises(Refused) as refused,
    ):
        client.notify(urgency="regular")

    fields = {field for field, _ in refused.value.problems}
    assert refused.value.code == "invalid_incident"
    assert fields == {"incident.type", "incident.location", "incident.urgency"}
    assert len(proxy.seen) == 1


@pytest.mark.parametrize("incident_id", ["no-existe", "a/b", "?x=1", "ñ %00"])
def test_an_id_with_any_characters_is_escaped(alerta: AlertaUtec, incident_id: str) -> None:
    with pytest.raises(Refused, match="not_found"):
        alerta.incident(incident_id)


def test_a_token_function_is_called_before_each_request(serve: ServeFactory) -> None:
    server = serve(environment=WITH_SECRET)
    tokens = iter([token("estudiante", sub="eva"), token("autoridad", sub="rosa")])

    with AlertaUtec(server.http_url, token=lambda: next(tokens)) as client:
        people = [client.me()["user"], client.me()["user"]]

    assert people == ["eva", "rosa"]


def test_a_request_without_a_required_token_is_refused(serve: ServeFactory) -> None:
    server = serve(environment=WITH_SECRET)

    with AlertaUtec(server.http_url) as client, pytest.raises(Refused, match="unauthorized"):
        client.notify(type="humo", location="Patio", urgency="low")


def test_several_threads_can_share_a_client(alerta: AlertaUtec) -> None:
    where, failures = place(), []

    def report() -> None:
        try:
            for _ in range(5):
                alerta.notify(type="humo", location=where, urgency="low")
        except Exception as error:  # reported by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=report) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(list(alerta.incidents(location=where))) == 60


def test_the_websocket_address_works_on_one_machine(server: Server) -> None:
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
def test_http_base_returns_the_address_of_the_http_api(url: str, base: str) -> None:
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
def test_the_constructor_refuses_any_other_address(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        AlertaUtec(url)


def test_an_address_without_a_server_is_unreachable_after_the_retries() -> None:
    client = AlertaUtec(f"http://127.0.0.1:{free_port()}", patience_s=0.2)

    with client, pytest.raises(Unreachable, match="refused"):
        client.health()


@pytest.mark.parametrize(
    ("answer", "retryable"),
    [
        (ProxyResponse(200, b"<p>hola", "text/html"), False),
        (ProxyResponse(200, b"[1]", "application/json"), False),
        (ProxyResponse(301, b"", "text/html", {"Location": "http://127.0.0.1:1/"}), False),
        (ProxyResponse(404, b'{"message":"Not Found"}', "application/json"), False),
        (ProxyResponse(502, b"<p>proxy", "text/html"), True),
    ],
)
def test_a_response_outside_the_protocol_is_an_unexpected_answer(
    answer: ProxyResponse, retryable: bool
) -> None:
    with (
        FlakyProxy("http://127.0.0.1:1", [answer] * 20) as proxy,
        AlertaUtec(proxy.url, patience_s=0.1) as client,
        pytest.raises(UnexpectedAnswer) as caught,
    ):
        client.health()

    assert caught.value.retryable is retryable


@pytest.mark.parametrize(
    "body",
    [b'{"incidents":3}', b'{"incidents":[{"incidentId":"x"}]}', b'{"incidents":["x"]}', b"{}"],
)
def test_malformed_incidents_are_an_unexpected_answer(body: bytes) -> None:
    with (
        FlakyProxy(
            "http://127.0.0.1:1", [ProxyResponse(200, body, "application/json")] * 2
        ) as proxy,
        AlertaUtec(proxy.url) as client,
    ):
        with pytest.raises(UnexpectedAnswer):
            list(client.incidents())
        with pytest.raises(UnexpectedAnswer):
            client.incident("x")
