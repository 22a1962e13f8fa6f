"""An incident with a long history: read in pages, by both clients as a whole, and bounded."""

import asyncio
from collections.abc import Iterator

import pytest

from alerta_utec.app.submit import NOTES_UP_TO_REVISION
from alerta_utec.client import AlertaUtec, Refused, http_client
from alerta_utec.domain.change import Change
from tests.conformance.targets import http_request
from tests.contract.builders import creation, update
from tests.support.filled_store import fill_store
from tests.support.server import Server

NAME = "largo"
PAGE = 200


def long_history() -> Iterator[Change]:
    """Yield the changes of an incident that takes no note more."""
    change = creation(incidentId=NAME)
    yield change
    incident = change.after.at_seq(1)
    for seq in range(2, NOTES_UP_TO_REVISION + 1):
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

    first = NOTES_UP_TO_REVISION - PAGE + 1
    assert [entry["revision"] for entry in newest["history"]] == list(
        range(first, NOTES_UP_TO_REVISION + 1)
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

    whole = list(range(1, NOTES_UP_TO_REVISION + 1))
    assert [entry["revision"] for entry in record.history] == whole
    assert asyncio.run(read()) == whole


def test_a_note_too_many_is_refused_and_a_change_is_not(server: Server) -> None:
    with AlertaUtec(server.http_url) as client:
        with pytest.raises(Refused) as refused:
            client.update(NAME, note="una más")
        moved = client.update(NAME, status="en_atencion", note="con un cambio")

    assert refused.value.code == "invalid_request"
    assert moved.revision == NOTES_UP_TO_REVISION + 1
