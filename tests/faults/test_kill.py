"""``kill -9`` at random moments under load loses no acknowledged change and repeats none."""

import asyncio
import json
import os
import random
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.conftest import ServeFactory
from tests.contract.mail_peers import SmtpPeer
from tests.faults.mail import mail_environment, wait_mailed
from tests.support.follower import View, follow
from tests.support.incidents import incident
from tests.support.load import Frame, Lost, Talker, run
from tests.support.server import Server

# 500 in ``make faults``.
ROUNDS = int(os.environ.get("FAULT_ROUNDS", "20"))
SUBMITTERS = 8
FOLLOWERS = 3
LOAD_S = (0.02, 0.8)
ROUND_MAX_S = 60
# In one of this many rounds the server is killed again while it starts.
KILLED_AT_START = 5
# SQLite, "WAL-mode File Format": a frame is a header of 24 bytes and a page.
WAL_HEADER_BYTES, FRAME_BYTES = 32, 24 + 4096


@dataclass
class Ledger:
    """The submissions by name, and the acknowledged ones."""

    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    acks: dict[str, Frame] = field(default_factory=dict)
    refused: list[Frame] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)

    def next(self) -> str:
        """Return a submission without an answer, or a new one."""
        if self.unanswered:
            return self.unanswered.pop(0)
        number = len(self.sent)
        name = f"n{number}"
        # Many high ones of one person would leave together.
        urgency = "medium" if number % 16 < 2 else "low"
        report = incident(urgency=urgency, name=name)
        if number % 2:
            message: dict[str, Any] = {"incident": report, "idempotencyKey": name}
        else:
            message = {"incident": report | {"incidentId": name}}
        self.sent[name] = {"action": "notify", **message}
        return name

    def alarms(self) -> set[str]:
        """Return the ids of the incidents that require an e-mail."""
        return {
            ack["incidentId"]
            for name, ack in self.acks.items()
            if self.sent[name]["incident"]["urgency"] != "low"
        }


async def submit(port: int, ledger: Ledger) -> None:
    """Submit one incident after another until the server is gone."""
    with suppress(Lost):
        client = await Talker().open(port)
        while True:
            name = ledger.next()
            try:
                answer = await client.request(ledger.sent[name])
            except Lost:
                ledger.unanswered.append(name)
                raise
            if answer["type"] == "ack":
                ledger.acks[name] = answer
            else:
                ledger.refused.append(answer)


async def load_and_kill(server: Server, ledger: Ledger, views: list[View], seconds: float) -> None:
    """Run followers and submitters, then kill the server."""
    listening = [await follow(server.port, view) for view in views]
    assert_complete(ledger, views)
    submitters = [asyncio.create_task(submit(server.port, ledger)) for _ in range(SUBMITTERS)]
    await asyncio.sleep(seconds)
    await asyncio.to_thread(server.kill9)
    async with asyncio.timeout(ROUND_MAX_S):
        await asyncio.gather(*submitters, *(client.ended.wait() for client in listening))


async def finish(server: Server, ledger: Ledger, views: list[View]) -> None:
    """Repeat the unanswered submissions and let the followers catch up."""
    while ledger.unanswered:
        client = await Talker().open(server.port)
        name = ledger.next()
        ledger.acks[name] = await client.request(ledger.sent[name])
        client.drop()
    for view in views:
        (await follow(server.port, view)).drop()


def assert_complete(ledger: Ledger, views: list[View]) -> None:
    """Assert that each view has every acknowledged incident."""
    acknowledged = {ack["incidentId"] for ack in ledger.acks.values()}
    for view in views:
        assert acknowledged <= view.incidents.keys()


def stored(server: Server) -> list[tuple[int, dict[str, Any]]]:
    """Return every change in the file, in order; the server has stopped."""
    with closing(sqlite3.connect(server.data / "alerta.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = connection.execute("SELECT seq, state_after FROM changes ORDER BY seq").fetchall()
        (head,) = connection.execute("SELECT seq FROM feed").fetchone()
    assert head == len(rows)
    return [(seq, json.loads(state)) for seq, state in rows]


@pytest.fixture
def progress(capfd: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Report the progress of many rounds, past pytest's capture."""

    def tell(text: str) -> None:
        if ROUNDS > 20:
            with capfd.disabled():
                sys.stdout.write(f"\r{text}\n")
                sys.stdout.flush()

    return tell


def tear_wal(server: Server, chance: random.Random) -> None:
    """Leave a torn write at the end of SQLite's log, as a loss of power does.

    A frame that is cut, has a wrong byte, or is noise must be ignored, and so must all after it.
    """
    wal = server.data / "alerta.db-wal"
    if not wal.exists() or wal.stat().st_size < WAL_HEADER_BYTES + FRAME_BYTES:
        return
    last_frame = wal.read_bytes()[-FRAME_BYTES:]
    wrong = bytearray(last_frame)
    wrong[chance.randrange(FRAME_BYTES)] ^= 0xFF
    torn = chance.choice(
        [
            last_frame[: chance.randrange(1, FRAME_BYTES)],
            bytes(wrong),
            chance.randbytes(chance.randrange(1, 3 * FRAME_BYTES)),
        ]
    )
    with wal.open("ab") as log_file:
        log_file.write(torn)


def kill_while_starting(server: Server, after_s: float) -> None:
    """Start the server and kill it after ``after_s``, ready or not."""
    server.launch()
    time.sleep(after_s)
    server.kill9()


@pytest.mark.timeout(120 + ROUNDS * 5)
def test_a_kill_loses_no_acknowledged_change_and_repeats_none(
    serve: ServeFactory, peer: SmtpPeer, progress: Callable[[str], None]
) -> None:
    chance = random.Random()  # noqa: S311 (moments, no secrets)
    ledger, views = Ledger(), [View() for _ in range(FOLLOWERS)]
    server = serve(environment=mail_environment(peer.port))

    kills = 0
    for number in range(1, ROUNDS + 1):
        run(load_and_kill(server, ledger, views, chance.uniform(*LOAD_S)))
        kills += 1
        if number % KILLED_AT_START == 0:
            kill_while_starting(server, chance.uniform(0, 1))
            kills += 1
        tear_wal(server, chance)
        server.start()
        progress(
            f"{number}/{ROUNDS}: {len(ledger.acks)} acknowledged, {len(peer.messages)} e-mails "
            f"for {len(ledger.alarms())}"
        )
    run(finish(server, ledger, views))
    mailed = wait_mailed(peer.messages, ledger.alarms())
    assert server.stop() == 0

    assert ledger.refused == []
    assert ledger.acks.keys() == ledger.sent.keys()
    assert_each_is_stored_once(ledger, stored(server))
    assert_complete(ledger, views)
    held = {state["incidentId"]: state["seq"] for _, state in stored(server)}
    for view in views:
        assert {name: kept["seq"] for name, kept in view.incidents.items()} == held
        assert (view.repeats, view.resets) == (0, 1)
    assert mailed.keys() == ledger.alarms()
    assert all(len(set(ids)) == 1 for ids in mailed.values())
    # At least once: each kill repeats at most the one e-mail that was under way.
    assert len(peer.messages) <= len(mailed) + kills


def assert_each_is_stored_once(ledger: Ledger, changes: list[tuple[int, dict[str, Any]]]) -> None:
    """Assert that the feed is gapless and has each submission once, as acknowledged."""
    assert [seq for seq, _ in changes] == list(range(1, len(changes) + 1))
    by_name = {state["name"]: (state["incidentId"], seq) for seq, state in changes}
    assert len(by_name) == len(changes)
    assert by_name == {name: (ack["incidentId"], ack["seq"]) for name, ack in ledger.acks.items()}
