"""Reporting one incident, so that it is stored once however often the network fails."""

import asyncio
import itertools
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from alerta_utec.client.connection import TIMEOUT_S, connect
from alerta_utec.client.errors import ClientError, NoAnswer
from alerta_utec.client.sign_in import Token
from alerta_utec.domain.backoff import delay_s

# An ack that takes longer is taken for lost; asking again is safe.
ANSWER_S = 5.0
FIRST_DELAY_S = 0.5
MAX_DELAY_S = 5.0

Message = Mapping[str, Any]
Send = Callable[[Message, float], Awaitable[dict[str, Any]]]


async def notify(
    url: str,
    incident: Mapping[str, Any],
    *,
    token: Token = None,
    idempotency_key: str | None = None,
    timeout_s: float = TIMEOUT_S,
) -> dict[str, Any]:
    """Send the incident over a connection of its own, and return the ack.

    What may pass is tried again until ``timeout_s`` is over, always with the same idempotency
    key (made here where none is given): the incident is stored once.

    Raises:
        Refused: the service will not have it.
        Unreachable, HandshakeRefused, Disconnected, NoAnswer: the last attempt's failure.
    """

    async def send(message: Message, answer_s: float) -> dict[str, Any]:
        async with connect(url, token=token, timeout_s=answer_s) as connection:
            return await connection.request(message, timeout_s=answer_s)

    return await until_acked(send, incident, idempotency_key, timeout_s)


async def until_acked(
    send: Send, incident: Mapping[str, Any], idempotency_key: str | None, timeout_s: float
) -> dict[str, Any]:
    """``send`` one message again and again, until there is an ack or the time is over.

    Raises:
        ClientError: the last failure, or the first that another try does not cure.
    """
    message = {
        "action": "notify",
        "incident": incident,
        "idempotencyKey": idempotency_key or uuid.uuid4().hex,
    }
    # So that one lost ack leaves time for another try.
    answer_s = min(ANSWER_S, timeout_s / 2)
    failure: ClientError = NoAnswer(f"{timeout_s:g} s")
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            for attempt in itertools.count():
                try:
                    return await send(message, answer_s)
                except ClientError as error:
                    if not error.retryable:
                        raise
                    failure = error
                wait_s = delay_s(attempt, base_s=FIRST_DELAY_S, cap_s=MAX_DELAY_S, jitter=1)
                await asyncio.sleep(wait_s)
    raise failure
