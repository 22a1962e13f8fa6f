"""A WebSocket server that runs a script for each connection."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

Script = Callable[[ServerConnection], Awaitable[None]]

INCIDENT = {
    "incidentId": "id-1",
    "type": "prueba",
    "location": "Patio",
    "description": "",
    "urgency": "low",
    "status": "pendiente",
    "timestamp": "2025-11-16T18:12:00Z",
    "seq": 1,
    "revision": 1,
    "createdAt": "2025-11-16T18:12:00Z",
    "updatedAt": "2025-11-16T18:12:00Z",
}


@asynccontextmanager
async def scripted(*scripts: Script) -> AsyncIterator[str]:
    """Yield the server's URL; connection n gets script n, and further ones the last script."""
    count = 0

    async def handle(connection: ServerConnection) -> None:
        nonlocal count
        script = scripts[min(count, len(scripts) - 1)]
        count += 1
        await script(connection)

    async with serve(handle, "127.0.0.1", 0, ping_interval=None) as server:
        (listening,) = server.sockets
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}/dev"


async def received(connection: ServerConnection) -> dict[str, Any]:
    """Wait for the next message, and return it decoded."""
    message: dict[str, Any] = json.loads(await connection.recv())
    return message


async def acknowledge(connection: ServerConnection) -> None:
    """Ack every message, and return the message in the ack."""
    async for text in connection:
        message = json.loads(text)
        await connection.send(
            json.dumps({"type": "ack", "requestId": message["requestId"], "message": message})
        )


async def silent(connection: ServerConnection) -> None:
    """Receive everything, and answer nothing."""
    await connection.wait_closed()


def update(seq: int) -> str:
    """Return an ``incident_update`` frame."""
    frame = {"type": "incident_update", "incident": INCIDENT | {"seq": seq}, "position": f"e:{seq}"}
    return json.dumps(frame)


def run(scenario: Awaitable[None]) -> None:
    """Run a test's coroutine with a deadline."""

    async def bounded() -> None:
        async with asyncio.timeout(20):
            await scenario

    asyncio.run(bounded())
