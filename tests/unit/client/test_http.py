"""The asyncio HTTP client, against the service and against faulty servers."""

import asyncio
from uuid import uuid4

import pytest

from alerta_utec.client import Refused, UnexpectedAnswer, http_client
from tests.support.server import Server
from tests.unit.client.flaky_proxy import FlakyProxy, LostResponse, problem
from tests.unit.client.scripted import run


async def answering(response: bytes) -> asyncio.Server:
    """Start an HTTP server that answers every request with ``response``."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response)
        await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


@pytest.mark.parametrize(
    ("response", "retryable"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>hola", False),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{", False),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[1]", False),
        (b'HTTP/1.1 404 No\r\nContent-Type: application/json\r\n\r\n{"message":"No"}', False),
        (b"HTTP/1.1 502 Bad\r\nContent-Type: text/html\r\n\r\n<p>proxy", True),
    ],
)
def test_a_response_outside_the_protocol_is_an_unexpected_answer(
    response: bytes, retryable: bool
) -> None:
    async def scenario() -> None:
        async with await answering(response) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            async with http_client(url) as http:
                with pytest.raises(UnexpectedAnswer) as caught:
                    await http.incident("x")

        assert caught.value.retryable is retryable

    run(scenario())


@pytest.mark.parametrize("incident_id", ["no-existe", "a/b", "?x=1", "#", "ñ %00"])
def test_an_id_with_any_characters_is_escaped(server: Server, incident_id: str) -> None:
    async def scenario() -> None:
        async with http_client(server.http_url) as http:
            with pytest.raises(Refused) as caught:
                await http.incident(incident_id)

        assert caught.value.code == "not_found"

    run(scenario())


def test_a_report_whose_answer_is_lost_is_retried_and_stored_once(server: Server) -> None:
    where = f"Sala {uuid4().hex}"

    async def scenario(url: str) -> None:
        async with http_client(url) as http:
            ack = await http.notify({"type": "humo", "location": where, "urgency": "low"})
            stored = [found async for found in http.incidents(limit=9, filters={"location": where})]

        assert [incident["incidentId"] for incident in stored] == [ack["incidentId"]]

    with FlakyProxy(server.http_url, [LostResponse(), problem("unavailable", 503)]) as proxy:
        run(scenario(proxy.url))


def test_a_refused_report_is_not_retried(server: Server) -> None:
    async def scenario(url: str) -> None:
        async with http_client(url) as http:
            with pytest.raises(Refused, match="invalid_incident"):
                await http.notify({"type": "humo"})

    with FlakyProxy(server.http_url) as proxy:
        run(scenario(proxy.url))

    assert len(proxy.seen) == 1
