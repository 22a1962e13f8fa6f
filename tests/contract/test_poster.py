"""``Poster``: one frame to many sockets, with the outcome of each."""

from typing import Any

from alerta_utec.ports.broadcast import SendResult


def test_a_frame_reaches_every_socket_that_is_named(sockets: Any) -> None:
    first, second, third = (sockets.connect() for _ in range(3))

    posted = sockets.poster.post([first, second], '{"hola":"ñ 🎓"}')

    assert posted == SendResult(delivered=2)
    assert sockets.received(first, 1) == ['{"hola":"ñ 🎓"}']
    assert sockets.received(second, 1) == ['{"hola":"ñ 🎓"}']
    assert sockets.received(third, 0) == []


def test_frames_arrive_in_the_order_of_their_posts(sockets: Any) -> None:
    socket = sockets.connect()
    frames = [f'{{"n":{number}}}' for number in range(50)]

    for frame in frames:
        sockets.poster.post([socket], frame)

    assert sockets.received(socket, 50) == frames


def test_unknown_sockets_are_gone_and_the_others_get_the_frame(sockets: Any) -> None:
    here = sockets.connect()

    posted = sockets.poster.post(["BFHPhfCWIAMCKlQ=", here], "{}")

    assert posted == SendResult(delivered=1, gone=("BFHPhfCWIAMCKlQ=",))
    assert sockets.received(here, 1) == ["{}"]


def test_a_closed_socket_is_gone(sockets: Any) -> None:
    socket = sockets.connect()
    sockets.poster.post([socket], "{}")
    sockets.received(socket, 1)

    sockets.disconnect(socket)

    assert sockets.poster.post([socket], "{}") == SendResult(gone=(socket,))


def test_a_socket_that_is_named_twice_gets_the_frame_once(sockets: Any) -> None:
    socket = sockets.connect()

    posted = sockets.poster.post([socket, socket], "{}")
    sockets.poster.post([socket], "fin")

    assert posted.delivered == 1
    assert sockets.received(socket, 2) == ["{}", "fin"]


def test_a_post_to_no_socket_delivers_nothing(sockets: Any) -> None:
    sockets.connect()

    assert sockets.poster.post([], "{}") == SendResult()


def test_a_frame_of_128_kb_arrives_whole(sockets: Any) -> None:
    socket = sockets.connect()
    frame = "ñ" * (64 * 1024)

    posted = sockets.poster.post([socket], frame)

    assert posted.delivered == 1
    assert sockets.received(socket, 1) == [frame]
