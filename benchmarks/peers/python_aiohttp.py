"""Echo to all with aiohttp: ``send_str`` to one client after another, on uvloop."""

import asyncio
import sys

import uvloop
from aiohttp import WSMsgType, web

SOCKETS: set[web.WebSocketResponse] = set()


async def handler(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    SOCKETS.add(socket)
    try:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                for other in list(SOCKETS):
                    await other.send_str(message.data)
    finally:
        SOCKETS.discard(socket)
    return socket


asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
app = web.Application()
app.add_routes([web.get("/", handler)])
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
