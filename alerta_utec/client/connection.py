"""One WebSocket to the service: requests matched to their answers, and what is broadcast."""

import asyncio
import logging
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
from pydantic_core import from_json

from alerta_utec import wire
from alerta_utec.client.errors import (
    ClientError,
    Disconnected,
    HandshakeRefused,
    NoAnswer,
    Refused,
    Unreachable,
)
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import AlertaError, TooLarge
from alerta_utec.domain.incident import Incident

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0
# API Gateway cuts a connection on which no message has passed for 10 min; protocol pings do
# not count there. A quarter of that also finds a dead network soon.
PING_EVERY_S = 150.0
QUEUE_MAX_FRAMES = 1000
# API Gateway's limit for a message, both ways.
FRAME_MAX_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True)
class Update:
    """An incident as it is after a change, and the change's place in the feed.

    ``text`` is the frame as it came.
    """

    incident: Incident
    position: Position
    text: str


class Connection:
    """An open socket; made by ``connect``.

    Broadcasts wait in a queue of 1000 frames; who lets it overflow is disconnected (1013),
    so that a forgotten listener costs a bounded amount of memory.
    """

    def __init__(self, socket: "aiohttp.ClientWebSocketResponse[bool]"):
        self._socket = socket
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        # One place more than may be filled: the end of the connection always fits.
        self._updates: asyncio.Queue[Update | None] = asyncio.Queue(QUEUE_MAX_FRAMES + 1)
        self._end: ClientError | None = None

    async def request(
        self, message: Mapping[str, Any], *, timeout_s: float = TIMEOUT_S
    ) -> dict[str, Any]:
        """Send a message under a new ``requestId`` and return its answer.

        Raises:
            Refused: the answer is an error.
            NoAnswer: there is none within ``timeout_s``.
            Disconnected: the connection ended before the answer.
        """
        if self._end is not None:
            raise self._end
        request_id = uuid.uuid4().hex
        text = wire.encode({**message, "requestId": request_id})
        if len(text.encode()) > wire.MESSAGE_MAX_BYTES:
            raise _refused(TooLarge(wire.MESSAGE_MAX_BYTES))
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        # Where sending fails, nobody looks at what the future holds.
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._waiting[request_id] = answer
        try:
            async with asyncio.timeout(timeout_s):
                await self._socket.send_str(text)
                return await answer
        except TimeoutError as error:
            raise NoAnswer(f"{timeout_s:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Disconnected(self._socket.close_code, str(error)) from error
        finally:
            del self._waiting[request_id]

    async def updates(self) -> AsyncGenerator[Update]:
        """What is broadcast, in the order of arrival, for one reader at a time.

        Raises:
            Disconnected: after the last frame that arrived.
        """
        while (update := await self._updates.get()) is not None:
            yield update
        raise self._end or Disconnected(None)

    async def read(self) -> None:
        """Take in frames until the connection ends; ``connect`` runs it."""
        while self._end is None:
            message = await self._socket.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                self._take(message.data)
            elif message.type is aiohttp.WSMsgType.CLOSE:
                self.end(Disconnected(self._socket.close_code, message.extra or ""))
            elif message.type is not aiohttp.WSMsgType.BINARY:
                error = self._socket.exception()
                self.end(Disconnected(self._socket.close_code, str(error or "")))
        await self._socket.close()

    async def keep_alive(self, every_s: float, timeout_s: float) -> None:
        """Ping, so that the connection is not cut for idleness; ends it where no answer comes."""
        while self._end is None:
            await asyncio.sleep(every_s)
            try:
                await self.request({"action": "ping"}, timeout_s=timeout_s)
            except NoAnswer:
                self.end(Disconnected(None, "no answer to a ping"))
                await self._socket.close()
            except ClientError as error:
                log.info("ping_failed", extra={"error": str(error)})

    def end(self, why: ClientError) -> None:
        """Tell everyone who waits that there is nothing more to come."""
        if self._end is not None:
            return
        self._end = why
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(why)
        self._updates.put_nowait(None)

    def _take(self, text: str) -> None:
        try:
            frame = from_json(text)
        except ValueError:
            frame = None
        if not isinstance(frame, dict):
            log.warning("frame_not_understood")
        elif frame.get("type") == "incident_update":
            self._broadcast(frame, text)
        else:
            self._answer(frame)

    def _broadcast(self, frame: Mapping[str, Any], text: str) -> None:
        try:
            incident = Incident.from_json(frame.get("incident") or {})
            position = Position.parse(frame.get("position"))
        except (ValueError, AlertaError):
            log.warning("frame_not_understood")
            return
        if self._updates.qsize() >= QUEUE_MAX_FRAMES:
            self.end(Disconnected(1013, "the reader is too slow"))
        else:
            self._updates.put_nowait(Update(incident, position, text))

    def _answer(self, frame: dict[str, Any]) -> None:
        answer = self._waiting.get(str(frame.get("requestId")))
        error = frame.get("type") == "error" or "type" not in frame
        if answer is None and error and len(self._waiting) == 1:
            # The service could not read the request, or API Gateway answered by itself
            # (its requestId is its own): the one request there is must be meant.
            (answer,) = self._waiting.values()
        if answer is None or answer.done():
            return
        if error:
            answer.set_exception(Refused.from_body(frame, str(frame.get("message", ""))))
        else:
            answer.set_result(frame)


@asynccontextmanager
async def connect(
    url: str, *, timeout_s: float = TIMEOUT_S, ping_every_s: float = PING_EVERY_S
) -> AsyncIterator[Connection]:
    """A connection to the service's WebSocket, closed at the end of the ``async with``.

    Raises:
        Unreachable: there is no server, or it has not answered within ``timeout_s``.
        HandshakeRefused: it has, but not with 101.
    """
    async with aiohttp.ClientSession() as session:
        socket = await _open(session, url, timeout_s)
        connection = Connection(socket)
        tasks = [
            asyncio.create_task(connection.read()),
            asyncio.create_task(connection.keep_alive(ping_every_s, timeout_s)),
        ]
        try:
            yield connection
        finally:
            connection.end(Disconnected(1000))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await socket.close()


async def _open(
    session: aiohttp.ClientSession, url: str, timeout_s: float
) -> "aiohttp.ClientWebSocketResponse[bool]":
    try:
        async with asyncio.timeout(timeout_s):
            return await session.ws_connect(
                url, max_msg_size=FRAME_MAX_BYTES, timeout=aiohttp.ClientWSTimeout(ws_close=2.0)
            )
    except aiohttp.WSServerHandshakeError as error:
        raise HandshakeRefused(error.status) from error
    except TimeoutError as error:
        raise Unreachable(f"{timeout_s:g} s") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise Unreachable.because(error) from error


def _refused(refusal: AlertaError) -> Refused:
    body = wire.error_body(refusal)
    return Refused.from_body(body, body["message"])
