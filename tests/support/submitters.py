"""Submitters in processes of their own."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from tests.support.load import Frame, Talker, run

Messages = Sequence[dict[str, Any]]


def submit_in_processes(port: int, processes: Sequence[Sequence[Messages]]) -> list[Frame]:
    """Submit at once: a process for each item, and in it a client for each list of messages.

    The answers, in the messages' order, client by client.
    """
    with ProcessPoolExecutor(len(processes), mp_context=get_context("spawn")) as pool:
        answers = [pool.submit(submit_all, port, clients) for clients in processes]
        return [answer for each in answers for answer in each.result()]


def submit_all(port: int, clients: Sequence[Messages]) -> list[Frame]:
    """Return the answers to each client's messages, sent in order; the clients run at once."""
    return run(_submit_all(port, clients))


async def send_and_vanish(port: int, message: dict[str, Any]) -> None:
    """Submit, and drop the connection without waiting for the answer."""
    client = await Talker().open(port)
    client.send({**message, "requestId": "nobody waits"})
    # Written data has left the process: the kernel delivers it before the end.
    client.end()
    await client.ended.wait()


async def _submit_all(port: int, clients: Sequence[Messages]) -> list[Frame]:
    open_ones = [await Talker().open(port) for _ in clients]

    async def one(client: Talker, messages: Messages) -> list[Frame]:
        return [await client.request(message) for message in messages]

    pairs = zip(open_ones, clients, strict=True)
    answers = await asyncio.gather(*(one(client, messages) for client, messages in pairs))
    for client in open_ones:
        client.end()
        await client.ended.wait()
    return [answer for own in answers for answer in own]
