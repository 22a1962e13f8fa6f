"""Reporting one incident, so that it is stored once however often the network fails."""

import asyncio
import random
import uuid
from collections.abc import Mapping
from typing import Any

from alerta_utec.client.connection import TIMEOUT_S, connect
from alerta_utec.client.errors import ClientError, NoAnswer

ATTEMPTS = 5
FIRST_DELAY_S = 0.25


async def notify(
    url: str,
    incident: Mapping[str, Any],
    *,
    idempotency_key: str | None = None,
    timeout_s: float = TIMEOUT_S,
) -> dict[str, Any]:
    """Send the incident, and return the ack.

    What may pass is tried again, up to five times within ``timeout_s``, always with the same
    idempotency key (made here where none is given): the incident is stored once.

    Raises:
        Refused: the service will not have it.
        Unreachable, HandshakeRefused, Disconnected, NoAnswer: the last attempt's failure.
    """
    message = {
        "action": "notify",
        "incident": incident,
        "idempotencyKey": idempotency_key or uuid.uuid4().hex,
    }
    failure: ClientError = NoAnswer(f"{timeout_s:g} s")
    try:
        async with asyncio.timeout(timeout_s):
            for attempt in range(ATTEMPTS):
                if attempt:
                    ceiling_s = FIRST_DELAY_S * 2**attempt
                    await asyncio.sleep(random.uniform(0, ceiling_s))  # noqa: S311 (jitter)
                try:
                    async with connect(url, timeout_s=timeout_s) as connection:
                        return await connection.request(message, timeout_s=timeout_s)
                except ClientError as error:
                    if not error.retryable:
                        raise
                    failure = error
    except TimeoutError:
        pass
    raise failure
