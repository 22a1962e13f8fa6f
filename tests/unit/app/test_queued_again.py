"""Connections that a broadcast did not reach are tried again, a bounded number of times."""

import json
from datetime import timedelta

import pytest

from alerta_utec.app.send_shard import AGAIN_AFTER_S, REMAINDER_MAX
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.filters import Filter
from alerta_utec.domain.subprotocol import Subprotocol
from tests.support.fan_out import Broadcasting

SECOND = timedelta(seconds=1)
COUNTS = ("delivered", "gone", "throttled", "failed")


@pytest.fixture(params=[3, 300], ids=["directly", "in-shards"])
def setup(request: pytest.FixtureRequest) -> Broadcasting:
    """Return a broadcast to clients that are all reached, besides those of the test."""
    broadcasting = Broadcasting()
    broadcasting.connect_many(request.param)
    return broadcasting


def seqs(frames: list[str]) -> list[int]:
    return [json.loads(frame)["incident"]["seq"] for frame in frames]


def begin(setup: Broadcasting, *changes: Change) -> None:
    """Broadcast, and send the shards of its first attempt."""
    setup.broadcast(*changes)
    first, setup.queue.waiting = setup.queue.waiting, []
    # Without shards the first attempt has been made, and only what it left waits.
    setup.queue.waiting = [shard for shard in first if shard.remainder]
    for shard in first:
        if not shard.remainder:
            setup.shards.send(shard)


@pytest.mark.parametrize("trouble", ["throttled", "failed"])
def test_a_client_that_was_not_reached_gets_the_change_later(
    setup: Broadcasting, trouble: str
) -> None:
    slow = setup.connect("slow")
    all_clients = len(setup.poster.open)
    getattr(setup.poster, trouble).add("slow")
    change = setup.commit()
    begin(setup, change)
    first = setup.counts(change)
    (again,) = setup.queue.waiting
    getattr(setup.poster, trouble).clear()
    setup.clock.advance(AGAIN_AFTER_S[0] * SECOND)
    setup.send_shards()

    assert (first["pending"], first[trouble], first["attempted"]) == (1, 0, all_clients)
    assert list(again.missed) == ["slow"]
    assert setup.queue.delays_s[-1] == AGAIN_AFTER_S[0]
    assert seqs(slow) == [change.after.seq]
    assert all(len(frames) == 1 for frames in setup.poster.open.values())
    assert setup.counts(change)["delivered"] == all_clients
    # The time is that of the clients that could be reached at once.
    assert setup.outcome(change)["ms"] == 0


def test_one_that_is_never_reached_is_recorded_as_it_was(setup: Broadcasting) -> None:
    setup.connect("slow")
    setup.connect("broken")
    all_clients = len(setup.poster.open)
    setup.poster.throttled.add("slow")
    setup.poster.failed.add("broken")
    change = setup.commit()

    setup.broadcast(change)
    setup.send_all_shards()

    delays = [delay for delay in setup.queue.delays_s if delay]
    assert set(delays) == set(AGAIN_AFTER_S)
    assert setup.counts(change) == {
        "attempted": all_clients,
        "delivered": all_clients - 2,
        "gone": 0,
        "throttled": 1,
        "failed": 1,
    }
    assert setup.stored() >= {"slow", "broken"}


def test_each_client_gets_only_the_changes_that_it_missed(setup: Broadcasting) -> None:
    old = setup.connect("old")
    new = setup.connect("new", subprotocol=Subprotocol.V2)
    library = setup.connect("library", Filter(location=frozenset({"biblioteca"})))
    before = setup.commit()
    setup.broadcast(before)
    setup.send_all_shards()
    changes = [
        setup.commit(),
        setup.commit(location="Biblioteca"),
        setup.commit(),
        setup.commit(location="Biblioteca"),
    ]
    post = setup.poster._post
    taken: list[str] = []

    def take_two(name: str, frame: str) -> str:
        """Let the client without a subprotocol take two frames, and the others with it none."""
        if name in {"old", "new", "library"}:
            taken.append(name)
            if name != "old" or taken.count("old") > 2:
                return "throttled"
        return post(name, frame)

    setup.poster._post = take_two  # type: ignore[method-assign]
    begin(setup, *changes)
    setup.poster._post = post  # type: ignore[method-assign]
    missed = {name: own for shard in setup.queue.waiting for name, own in shard.missed.items()}
    setup.send_all_shards()

    first = before.after.seq
    assert missed == {"old": (2, 3), "new": (0, 1, 2, 3), "library": (1, 3)}
    assert seqs(old) == [first, first + 1, first + 2, first + 3, first + 4]
    (together,) = map(json.loads, new[1:])
    assert [one["seq"] for one in together["incidents"]] == [first + n for n in (1, 2, 3, 4)]
    assert seqs(library) == [first + 2, first + 4]
    others = len(setup.poster.open)
    expected = [others - 1, others, others - 1, others]
    assert [setup.counts(change)["delivered"] for change in changes] == expected


def test_a_client_that_has_left_meanwhile_is_gone(setup: Broadcasting) -> None:
    setup.connect("slow")
    setup.connect("left")
    setup.poster.throttled |= {"slow", "left"}
    first, second = setup.commit(), setup.commit()
    begin(setup, first, second)
    setup.connections.delete("left")
    setup.poster.throttled.clear()

    setup.send_all_shards()

    for change in (first, second):
        assert setup.counts(change)["gone"] == 1
        assert setup.counts(change)["delivered"] == len(setup.poster.open) - 1


def test_an_api_that_takes_nothing_meanwhile_is_waited_for(setup: Broadcasting) -> None:
    slow = setup.connect("slow")
    setup.poster.throttled.add("slow")
    change = setup.commit()
    begin(setup, change)
    setup.poster.throttled.clear()

    setup.poster.down = True
    setup.send_shards()
    setup.poster.down = False
    setup.send_shards()

    assert seqs(slow) == [change.after.seq]
    assert "pending" not in setup.outcome(change)


def test_clients_that_cannot_be_queued_again_are_recorded(setup: Broadcasting) -> None:
    setup.connect("slow")
    setup.poster.throttled.add("slow")
    change = setup.commit()
    setup.broadcast(change)
    waiting, setup.queue.down = list(setup.queue.waiting), True
    for shard in waiting:
        setup.shards.send(shard)

    if waiting:
        assert setup.counts(change)["throttled"] == 1
    assert sum(setup.counts(change)[name] for name in COUNTS) == setup.counts(change)["attempted"]


def test_a_shard_that_is_repeated_after_queueing_again_counts_each_client_once(
    setup: Broadcasting,
) -> None:
    setup.connect("slow")
    setup.poster.throttled.add("slow")
    change = setup.commit()
    setup.broadcast(change)
    for shard in list(setup.queue.waiting):
        setup.shards.send(shard)
    setup.poster.throttled.clear()
    setup.send_all_shards()

    assert setup.counts(change)["delivered"] == len(setup.poster.open)


def test_a_broadcast_that_reaches_no_client_queues_none_again(setup: Broadcasting) -> None:
    setup.poster.down = True
    change = setup.commit()

    with pytest.raises(Unavailable):
        begin(setup, change)

    assert not any(shard.remainder for shard in setup.queue.waiting)


def test_a_remainder_fits_into_a_message() -> None:
    setup = Broadcasting()
    names = setup.connect_many(REMAINDER_MAX + 10)
    setup.poster.throttled |= set(names)
    change = setup.commit()
    setup.broadcast(change)
    whole = setup.queue.waiting[0]
    # As uneven as no hash of ids makes them.
    setup.queue.waiting = [type(whole)(whole.positions, whole.run, 1, 1, whole.begun_at, 1)]
    setup.deliveries = type(setup.deliveries)()

    setup.send_shards()

    (again,) = setup.queue.waiting
    assert len(again.missed) == REMAINDER_MAX
    assert (setup.counts(change)["pending"], setup.counts(change)["throttled"]) == (5000, 10)
