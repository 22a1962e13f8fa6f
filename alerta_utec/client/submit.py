"""Reports one incident over WebSocket with retries, so that it is stored exactly once."""

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

# The client treats an ack that takes longer as lost; sending again is safe.
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
    """Send the incident over a new connection, and return the ack.

    Retryable failures are retried until ``timeout_s`` is over, always with the same idempotency
    key (a new one unless given), so the incident is stored once.

    Raises:
        Refused: the service refused the incident.
        Unreachable, HandshakeRefused, Disconnected, NoAnswer: the last attempt's failure.
    """

    async def send(message: Message, answer_s: float) -> dict[str, Any]:
        async with connect(url, token=token, timeout_s=answer_s) as connection:
            return await connection.request(message, timeout_s=answer_s)

    return await send_until_acked(send, incident, idempotency_key, timeout_s)


async def send_until_acked(
    send: Send, incident: Mapping[str, Any], idempotency_key: str | None, timeout_s: float
) -> dict[str, Any]:
    """Call ``send`` with the same message until it returns an ack or the time is over.

    Raises:
        ClientError: the first failure that is not retryable, or the last attempt's.
    """
    message = {
        "action": "notify",
        "incident": incident,
        "idempotencyKey": idempotency_key or uuid.uuid4().hex,
    }
    # After one lost ack, time for a second attempt must remain.
    answer_s = min(ANSWER_S, timeout_s / 2)
    failure: ClientError = NoAnswer(f"{timeout_s:g} s")
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            for attempt in itertools.count():
                outcome = await _attempt(send, message, answer_s)
                if not isinstance(outcome, ClientError):
                    return outcome
                failure = outcome
                wait_s = delay_s(attempt, base_s=FIRST_DELAY_S, cap_s=MAX_DELAY_S, jitter=1)
                await asyncio.sleep(wait_s)
    raise failure


async def _attempt(send: Send, message: Message, answer_s: float) -> dict[str, Any] | ClientError:
    """Send once, and return the ack or a retryable failure; raise any other failure."""
    try:
        return await send(message, answer_s)
    except ClientError as error:
        if not error.retryable:
            raise
        return error
