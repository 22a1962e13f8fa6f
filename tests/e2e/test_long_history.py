"""An incident with a long history: read in pages, by both clients as a whole, and bounded."""

import asyncio
from collections.abc import Iterator

import pytest

from alerta_utec.cap.http import REFERENCES_MAX
from alerta_utec.client import AlertaUtec, Refused, http_client
from alerta_utec.domain.change import Change
from alerta_utec.domain.update import FREE_REVISIONS
from tests.conformance.targets import http_request
from tests.contract.builders import creation, update
from tests.support.cap import Alert
from tests.support.filled_store import fill_store
from tests.support.server import Server

NAME = "largo"
PAGE = 200


def long_history() -> Iterator[Change]:
    """Yield the changes of an incident that only advances."""
    change = creation(incidentId=NAME)
    yield change
    incident = change.after.at_seq(1)
    for seq in range(2, FREE_REVISIONS + 1):
        change = update(incident, note=f"nota {seq}")
        yield change
        incident = change.after.at_seq(seq)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with that incident."""
    data = tmp_path_factory.mktemp("long") / "data"
    fill_store(data, long_history())
    with Server(data) as running:
        yield running


def test_a_page_is_the_newest_part_and_names_the_next(server: Server) -> None:
    path = f"{server.http_url}/incidents/{NAME}"

    newest = http_request("GET", path).json()
    older = http_request("GET", f"{path}?limit=3&cursor={newest['cursor']}").json()
    oldest = http_request("GET", f"{path}?cursor=4").json()

    first = FREE_REVISIONS - PAGE + 1
    assert [entry["revision"] for entry in newest["history"]] == list(
        range(first, FREE_REVISIONS + 1)
    )
    assert [entry["revision"] for entry in older["history"]] == [first - 3, first - 2, first - 1]
    assert older["cursor"] == str(first - 3)
    assert [entry["revision"] for entry in oldest["history"]] == [1, 2, 3]
    assert "cursor" not in oldest


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=0", "cursor=x"])
def test_a_page_out_of_range_is_an_invalid_request(server: Server, query: str) -> None:
    answer = http_request("GET", f"{server.http_url}/incidents/{NAME}?{query}")

    assert (answer.status, answer.json()["code"]) == (400, "invalid_request")


def test_both_python_clients_read_the_whole_history(server: Server) -> None:
    async def read() -> list[int]:
        async with http_client(server.http_url) as http:
            found = await http.incident(NAME)
            assert "cursor" not in found
            return [entry["revision"] for entry in found["history"]]

    with AlertaUtec(server.http_url) as client:
        record = client.incident(NAME)

    whole = list(range(1, FREE_REVISIONS + 1))
    assert [entry["revision"] for entry in record.history] == whole
    assert asyncio.run(read()) == whole


def test_the_alert_of_a_long_history_refers_to_the_last_of_its_messages(server: Server) -> None:
    answer = http_request("GET", f"{server.http_url}/incidents/{NAME}/cap")

    alert = Alert(answer.body)
    references = alert.one("references").split()
    assert alert.one("msgType") == "Update"
    assert len(references) == REFERENCES_MAX
    assert references[-1].split(",")[1] == f"{NAME}.{FREE_REVISIONS - 1}"


def test_only_what_advances_the_incident_is_taken_and_it_can_be_resolved(server: Server) -> None:
    def refused(client: AlertaUtec, **update: str) -> tuple[str, str]:
        with pytest.raises(Refused) as refusal:
            client.update(NAME, **update)
        ((field, _),) = refusal.value.problems
        return refusal.value.code, field

    with AlertaUtec(server.http_url) as client:
        note = refused(client, note="una más")
        client.update(NAME, status="en_atencion", note="con un cambio")
        back = refused(client, status="pendiente")
        resolved = client.update(NAME, status="resuelto")
        reopened = refused(client, status="pendiente")

    assert note == ("invalid_request", "note")
    assert back == reopened == ("invalid_request", "status")
    assert resolved.revision == FREE_REVISIONS + 2
