"""Echo to all with Starlette on uvicorn: ``send_text`` to one client after another."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

SOCKETS: set[WebSocket] = set()


async def handler(socket: WebSocket) -> None:
    await socket.accept()
    SOCKETS.add(socket)
    try:
        while True:
            message = await socket.receive_text()
            for other in list(SOCKETS):
                await other.send_text(message)
    except WebSocketDisconnect:
        pass
    finally:
        SOCKETS.discard(socket)


app = Starlette(routes=[WebSocketRoute("/", handler)])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
