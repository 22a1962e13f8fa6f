"""The Python client on the deployed stack: connections closed under it, through the stream."""

import asyncio
from contextlib import suppress

from alerta_utec.client import Client, Connected, Position
from tests.conformance.targets import Target
from tests.faults.followers import EAGER, Follower, Ledger, following
from tests.support.deployment import Deployment
from tests.support.eventually import eventually_async

CUTS = 3
REPORTS = 10


async def cut_off(deployment: Deployment, follower: Follower) -> None:
    """Close the follower's connection through ``@connections``, and wait until it is back."""
    before = follower.reader.count(Connected)
    management = target(deployment).management()
    table = deployment.outputs["ConnectionsTable"]
    found = await asyncio.to_thread(deployment.client("dynamodb").scan, TableName=table)
    for item in found["Items"]:
        # A connection that closed by itself is gone too.
        with suppress(management.exceptions.GoneException):
            await asyncio.to_thread(
                management.delete_connection, ConnectionId=item["connectionId"]["S"]
            )
    await eventually_async(lambda: follower.reader.count(Connected) > before)


def test_a_follower_that_is_cut_off_repeatedly_gets_every_change_once(
    deployment: Deployment,
) -> None:
    ledger = Ledger()

    async def scenario() -> None:
        async with (
            following(deployment.ws_url) as follower,
            Client(deployment.ws_url, from_now=True, timing=EAGER) as sender,
            asyncio.TaskGroup() as group,
        ):
            await eventually_async(lambda: follower.client.position is not None)
            submitting = group.create_task(ledger.submit(sender))
            for round in range(1, CUTS + 1):
                await eventually_async(lambda due=round * REPORTS: len(ledger.acks) >= due)
                await cut_off(deployment, follower)
            ledger.closed = True
            await submitting
            last = max(ack["seq"] for ack in ledger.acks.values())
            await eventually_async(lambda: reached(follower.client.position, last))

            ids = {ack["incidentId"] for ack in ledger.acks.values()}
            assert len(ids) == len(ledger.acks)
            assert ids <= follower.reader.held.keys()

    asyncio.run(asyncio.wait_for(scenario(), 100))


def target(deployment: Deployment) -> Target:
    """Return the deployment as a black box."""
    return Target("aws", deployment.ws_url, deployment.http_url, deployment.management_url)


def reached(position: Position | None, seq: int) -> bool:
    """Return whether a follower has reached this position."""
    return position is not None and position.seq >= seq
