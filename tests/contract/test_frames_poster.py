"""``FramesPoster``: different frames to different sockets, each socket's in their order."""

from typing import Any

from alerta_utec.ports.broadcast import Outgoing, SendResult

UNKNOWN = "BFHPhfCWIAMCKlQ="
FRAMES = tuple(f'{{"n":{number},"ñ":"🎓"}}' for number in range(5))


def test_each_socket_gets_its_frames_in_their_order(frames_sockets: Any) -> None:
    first, second, third, none = (frames_sockets.connect() for _ in range(4))

    results = frames_sockets.poster.post_frames(
        [Outgoing((first, second), FRAMES[:3]), Outgoing((third,), FRAMES[2:])]
    )

    assert results == [[SendResult(delivered=2)] * 3, [SendResult(delivered=1)] * 3]
    assert frames_sockets.received(first, 3) == list(FRAMES[:3])
    assert frames_sockets.received(second, 3) == list(FRAMES[:3])
    assert frames_sockets.received(third, 3) == list(FRAMES[2:])
    assert frames_sockets.received(none, 0) == []


def test_a_socket_that_is_gone_is_so_for_every_frame_and_holds_up_no_other(
    frames_sockets: Any,
) -> None:
    here, left = frames_sockets.connect(), frames_sockets.connect()
    frames_sockets.disconnect(left)

    ((*results,),) = frames_sockets.poster.post_frames(
        [Outgoing((UNKNOWN, here, left), FRAMES[:2])]
    )

    assert [one.delivered for one in results] == [1, 1]
    assert [set(one.gone) for one in results] == [{UNKNOWN, left}] * 2
    assert frames_sockets.received(here, 2) == list(FRAMES[:2])


def test_nothing_to_send_has_no_results(frames_sockets: Any) -> None:
    socket = frames_sockets.connect()

    assert frames_sockets.poster.post_frames([]) == []
    assert frames_sockets.poster.post_frames([Outgoing((socket,), ())]) == [[]]
    assert frames_sockets.poster.post_frames([Outgoing((), FRAMES[:1])]) == [[SendResult()]]
    assert frames_sockets.received(socket, 0) == []
