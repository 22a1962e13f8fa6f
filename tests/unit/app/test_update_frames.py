"""``UpdateFrames``: changes in as few messages as their size allows, in their order."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec import wire
from alerta_utec.app.update_frames import FRAME_MAX_BYTES, UpdateFrames
from alerta_utec.domain.change import Change, Position
from alerta_utec.ports.connections import Form
from tests.contract.builders import creation
from tests.support.broadcasts import EPOCH, Listener, batches, listeners

TOGETHER = Form(private=False, together=True)
APART = Form(private=False, together=False)


def committed(count: int, **fields: str) -> list[Change]:
    return [creation(**fields).committed(Position(EPOCH, seq)) for seq in range(1, count + 1)]


@given(batches(), listeners, st.data())
def test_any_of_any_changes_are_all_in_the_frames_once_and_in_order(
    changes: list[Change], listener: Listener, data: st.DataObject
) -> None:
    chosen = sorted(data.draw(st.sets(st.sampled_from(range(len(changes))))))

    frames = UpdateFrames(changes).in_form(chosen, listener.connection("a").form)

    assert [index for frame in frames for index in frame.indexes] == chosen
    for frame in frames:
        seqs = listener.seqs_in([frame.text])
        assert seqs == [changes[index].after.seq for index in frame.indexes]


def test_each_change_has_a_frame_of_its_own_for_other_clients() -> None:
    changes = committed(3)

    frames = UpdateFrames(changes).in_form([0, 2], APART)

    assert [frame.text for frame in frames] == [
        wire.incident_update(changes[index]) for index in (0, 2)
    ]


def test_a_change_that_comes_alone_has_the_same_frame_for_everyone() -> None:
    frames = UpdateFrames(committed(1))

    assert frames.in_form([0], TOGETHER) == frames.in_form([0], APART)


@pytest.mark.parametrize(("over", "sizes"), [(0, [4]), (1, [3, 1])])
def test_a_frame_is_filled_up_to_its_limit(over: int, sizes: list[int]) -> None:
    def frames_with(length: int) -> list[tuple[int, int]]:
        changes = [*committed(3, description="x" * 4000, more="x" * 3900)]
        changes.append(
            creation(description="x" * 4000, more="x" * length).committed(Position(EPOCH, 4))
        )
        frames = UpdateFrames(changes).in_form(range(4), TOGETHER)
        return [(len(frame.indexes), len(frame.text.encode())) for frame in frames]

    ((_, size),) = frames_with(1000)
    room = FRAME_MAX_BYTES - size
    # The bytes kept free for a position of any length.
    reserved = next(spare for spare in range(100) if len(frames_with(1000 + room - spare)) == 1)

    found = frames_with(1000 + room - reserved + over)

    assert [count for count, _ in found] == sizes
    assert max(size for _, size in found) <= FRAME_MAX_BYTES
    assert reserved < 60


def test_the_longest_position_still_fits() -> None:
    position = Position("z" * 32, 10**18 - 1)
    changes = [
        creation(description="x" * 4000, more="x" * length).committed(position)
        for length in (3900, 3900, 3900, 3100)
    ]

    frames = UpdateFrames(changes).in_form(range(4), TOGETHER)

    assert max(len(frame.text.encode()) for frame in frames) <= FRAME_MAX_BYTES
    assert json.loads(frames[-1].text)["position"] == str(position)


def test_the_largest_incident_alone_is_within_the_limit() -> None:
    # Of the fields' limits, the 4,000 characters of four bytes and the 8 KB of extras matter.
    change = creation(
        user="\N{FIRE}" * 200,
        type="\N{FIRE}" * 80,
        location="\N{FIRE}" * 120,
        description="\N{FIRE}" * 4000,
        more="x" * 8100,
    ).committed(Position("z" * 32, 10**18 - 1))

    frame = UpdateFrames([change]).one(0, private=True)

    assert 24 * 1024 < len(frame.text.encode()) <= FRAME_MAX_BYTES
