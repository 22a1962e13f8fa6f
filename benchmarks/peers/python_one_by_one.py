"""A simple first version with aiohttp, SQLite and uvloop: one incident after another.

It validates each incident, commits it alone (WAL, synchronous=FULL), sends it to everyone and
acknowledges it.
"""

import asyncio
import json
import sqlite3
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import uvloop
from aiohttp import WSMsgType, web

FIELDS = ("type", "location", "description", "urgency")
SOCKETS: set[web.WebSocketResponse] = set()
encode = json.JSONEncoder(separators=(",", ":")).encode


async def handler(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    SOCKETS.add(socket)
    try:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await notify(socket, json.loads(message.data))
    finally:
        SOCKETS.discard(socket)
    return socket


async def notify(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
    incident: dict[str, Any] = {name: str(message["incident"][name]) for name in FIELDS}
    incident["incidentId"] = str(uuid4())
    added = database.execute("INSERT INTO incidents (state) VALUES (?)", (encode(incident),))
    incident["seq"] = added.lastrowid
    update = encode({"type": "incident_update", "incident": incident})
    for other in list(SOCKETS):
        await other.send_str(update)
    ack = {"type": "ack", "requestId": message["requestId"], "seq": incident["seq"]}
    await socket.send_str(encode(ack))


port, folder = int(sys.argv[1]), Path(sys.argv[2])
database = sqlite3.connect(folder / "incidents.db", isolation_level=None)
database.execute("PRAGMA journal_mode = WAL")
database.execute("PRAGMA synchronous = FULL")
database.execute("CREATE TABLE incidents (seq INTEGER PRIMARY KEY, state TEXT NOT NULL)")
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
app = web.Application()
app.add_routes([web.get("/{stage}", handler)])
web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)
