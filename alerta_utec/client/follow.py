"""Following the feed for as long as one likes, across lost connections."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from alerta_utec.client.connection import PING_EVERY_S, Update, connect
from alerta_utec.client.errors import ClientError

FIRST_DELAY_S = 0.5
MAX_DELAY_S = 30.0


@dataclass(frozen=True, slots=True)
class Connected:
    """The feed is live, from now on; ``again``: changes made meanwhile were missed."""

    again: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """There is no connection; the next attempt is in ``retry_in_s``."""

    error: ClientError
    retry_in_s: float


async def follow(
    url: str, *, max_delay_s: float = MAX_DELAY_S, ping_every_s: float = PING_EVERY_S
) -> AsyncGenerator[Update | Connected | Lost]:
    """What is broadcast, and how the connection fares.

    Reconnects for ever, after a wait drawn from zero to an exponential ceiling (full jitter:
    many clients that lose a server must not come back at one moment). A connection that
    lasts longer than ``max_delay_s`` starts the ceiling again.

    Raises:
        ClientError: one that another try does not cure.
    """
    attempt, again = 0, False
    clock = asyncio.get_running_loop().time
    while True:
        opened_at_s = clock()
        try:
            async with connect(url, ping_every_s=ping_every_s) as connection:
                yield Connected(again)
                again, opened_at_s = True, clock()
                async with aclosing(connection.updates()) as updates:
                    async for update in updates:
                        yield update
        except ClientError as error:
            if not error.retryable:
                raise
            if again and clock() - opened_at_s > max_delay_s:
                attempt = 0
            ceiling_s = min(max_delay_s, FIRST_DELAY_S * 2 ** min(attempt, 20))
            delay_s = random.uniform(0, ceiling_s)  # noqa: S311 (jitter, no secret)
            attempt += 1
            yield Lost(error, delay_s)
            await asyncio.sleep(delay_s)
