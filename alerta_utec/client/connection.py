"""One WebSocket connection to the service: requests with their answers, and broadcasts."""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
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
from alerta_utec.client.events import Update, parse_broadcast, parse_broadcasts
from alerta_utec.client.sign_in import Token, bearer
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import AlertaError, TooLarge
from alerta_utec.domain.subprotocol import Subprotocol

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0
# API Gateway's limit for a message, in both directions.
FRAME_MAX_BYTES = 128 * 1024

OnUpdate = Callable[[Update], None]
OnHeartbeat = Callable[[Position], None]


def _ignore(_received: object) -> None:
    """Ignore a broadcast or a heartbeat."""


class Connection:
    """An open socket; ``connect`` creates it.

    ``opened_at``: the time of the handshake by the service's clock (ours if the service sends no
    ``Date``), so that ``expiresAt`` can be compared with it although the clocks differ.
    """

    def __init__(
        self,
        socket: "aiohttp.ClientWebSocketResponse[bool]",
        *,
        on_update: OnUpdate,
        on_heartbeat: OnHeartbeat = _ignore,
        opened_at: datetime,
    ):
        self.opened_at = opened_at
        self._socket = socket
        self._on_update = on_update
        self._on_heartbeat = on_heartbeat
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._end: ClientError | None = None
        self._reading = asyncio.create_task(self._read())

    async def request(
        self, message: Mapping[str, Any], *, timeout_s: float = TIMEOUT_S
    ) -> dict[str, Any]:
        """Send a message with a new ``requestId``, and return its answer.

        Raises:
            Refused: the answer is an error.
            NoAnswer: no answer arrived within ``timeout_s``.
            Disconnected: the connection ended before the answer.
        """
        if self._end is not None:
            raise self._end
        request_id = uuid.uuid4().hex
        text = wire.encode({**message, "requestId": request_id})
        if len(text.encode()) > wire.MESSAGE_MAX_BYTES:
            raise _refused(TooLarge(wire.MESSAGE_MAX_BYTES))
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        # After a failed send no code awaits the future; this marks its exception as retrieved.
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

    async def wait_closed(self) -> None:
        """Wait until the connection ends.

        Raises:
            Disconnected: always, after the last frame that arrived.
        """
        await asyncio.shield(self._reading)
        raise self._end or Disconnected(None)

    async def answered(self, timeout_s: float) -> None:
        """Wait until every pending request has its answer, for at most ``timeout_s``."""
        if self._waiting:
            await asyncio.wait(self._waiting.values(), timeout=timeout_s)

    async def close(self, timeout_s: float) -> None:
        """Close the connection with code 1000."""
        self._ended(Disconnected(1000))
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._socket.close()

    async def _read(self) -> None:
        while self._end is None:
            message = await self._socket.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                self._take(message.data)
            elif message.type is aiohttp.WSMsgType.CLOSE:
                self._ended(Disconnected(self._socket.close_code, message.extra or ""))
            elif message.type is not aiohttp.WSMsgType.BINARY:
                error = self._socket.exception()
                self._ended(Disconnected(self._socket.close_code, str(error or "")))
        await self._socket.close()

    def _ended(self, why: ClientError) -> None:
        """Store the reason of the end, and fail every pending request with it."""
        if self._end is not None:
            return
        self._end = why
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(why)

    def _take(self, text: str) -> None:
        try:
            frame = from_json(text)
        except ValueError:
            frame = None
        if not isinstance(frame, dict):
            log.warning("frame_not_understood")
        elif frame.get("type") == "incident_update":
            self._broadcast(frame, text)
        elif frame.get("type") == "incident_updates":
            self._broadcasts(frame)
        elif frame.get("type") == "position":
            self._heartbeat(frame)
        else:
            self._answer(frame)

    def _broadcast(self, frame: Mapping[str, Any], text: str) -> None:
        try:
            update = parse_broadcast(frame, text)
        except (TypeError, ValueError, AlertaError):
            log.warning("frame_not_understood")
            return
        self._on_update(update)

    def _broadcasts(self, frame: Mapping[str, Any]) -> None:
        try:
            updates = parse_broadcasts(frame)
        except (KeyError, TypeError, ValueError, AlertaError):
            log.warning("frame_not_understood")
            return
        for update in updates:
            self._on_update(update)

    def _heartbeat(self, frame: Mapping[str, Any]) -> None:
        try:
            position = Position.parse(frame.get("position"))
        except AlertaError:
            log.warning("frame_not_understood")
            return
        self._on_heartbeat(position)

    def _answer(self, frame: dict[str, Any]) -> None:
        answer = self._waiting.get(str(frame.get("requestId")))
        error = frame.get("type") == "error" or "type" not in frame
        if answer is None and error and len(self._waiting) == 1:
            # The service could not read the request, or API Gateway answered by itself with a
            # requestId of its own. With one pending request, the error must be for that one.
            (answer,) = self._waiting.values()
        if answer is None or answer.done():
            return
        if error:
            answer.set_exception(Refused.from_body(frame, str(frame.get("message", ""))))
        else:
            answer.set_result(frame)


@asynccontextmanager
async def connect(
    url: str,
    *,
    token: Token = None,
    timeout_s: float = TIMEOUT_S,
    on_update: OnUpdate = _ignore,
    on_heartbeat: OnHeartbeat = _ignore,
) -> AsyncIterator[Connection]:
    """Open a WebSocket connection to the service; the end of the ``async with`` closes it.

    ``token`` signs in if the service requires it; a function is called for a fresh one.
    ``on_update`` is called for each broadcast and ``on_heartbeat`` for each sign of life, in the
    order of arrival; both must return quickly.

    Raises:
        Unreachable: no server answered within ``timeout_s``.
        HandshakeRefused: the server answered with another status than 101.
    """
    clock = _ServerClock()
    async with aiohttp.ClientSession(trace_configs=[clock.trace()]) as session:
        socket = await _open(session, url, bearer(token), timeout_s)
        connection = Connection(
            socket, on_update=on_update, on_heartbeat=on_heartbeat, opened_at=clock.time
        )
        try:
            yield connection
        finally:
            await connection.close(timeout_s)


class _ServerClock:
    """The ``Date`` of the handshake's response; our own time if the response has none."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def trace(self) -> aiohttp.TraceConfig:
        config = aiohttp.TraceConfig()
        config.on_request_end.append(self._answered)
        return config

    async def _answered(
        self, _session: object, _context: object, answer: aiohttp.TraceRequestEndParams
    ) -> None:
        self.time = datetime.now(UTC)
        with suppress(KeyError, ValueError):
            date = parsedate_to_datetime(answer.response.headers["Date"]).astimezone(UTC)
            self.time = date + timedelta(seconds=1)  # the header has whole seconds: round up


async def _open(
    session: aiohttp.ClientSession, url: str, headers: Mapping[str, str], timeout_s: float
) -> "aiohttp.ClientWebSocketResponse[bool]":
    try:
        async with asyncio.timeout(timeout_s):
            return await session.ws_connect(
                url,
                headers=headers,
                protocols=tuple(Subprotocol),
                max_msg_size=FRAME_MAX_BYTES,
                timeout=aiohttp.ClientWSTimeout(ws_close=2.0),
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
