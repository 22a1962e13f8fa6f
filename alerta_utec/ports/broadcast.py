"""The ways to send a change to many connections."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change
    from alerta_utec.domain.shard import Shard


@dataclass(frozen=True, slots=True)
class SendResult:
    """The outcome of sending one frame to many: a count, and the ids that did not get it."""

    # Handed to the socket, which does not prove that the frame arrived.
    delivered: int = 0
    gone: tuple[str, ...] = ()
    # The client's buffer is full.
    throttled: tuple[str, ...] = ()
    # An error that may pass.
    failed: tuple[str, ...] = ()

    def __add__(self, other: "SendResult") -> "SendResult":
        """Return the outcome of both together."""
        return SendResult(
            self.delivered + other.delivered,
            self.gone + other.gone,
            self.throttled + other.throttled,
            self.failed + other.failed,
        )


class Poster(Protocol):
    """A sender of frames to connections, by their ids."""

    def post(
        self, connection_ids: Sequence[str], frame: str, *, deadline_s: float | None = None
    ) -> SendResult:
        """Send ``frame`` (up to 128 KB in UTF-8) to each connection.

        At least once: a post that failed or whose outcome is unknown is repeated. A client that
        is gone, slow or throttled delays no other. Unknown ids are ``gone``; no recipient's
        failure raises. No post starts after ``deadline_s`` (of ``time.monotonic``); the
        recipients that remain then have ``failed``.

        Raises:
            Unavailable: no recipient was reached, for a reason that is not theirs.
        """
        ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Frames for some connections: each gets all of them, in their order."""

    connection_ids: tuple[str, ...]
    frames: tuple[str, ...]


class FramesPoster(Protocol):
    """A sender of different frames to different connections, by their ids."""

    def post_frames(
        self, outgoing: Sequence[Outgoing], *, deadline_s: float | None = None
    ) -> Sequence[Sequence[SendResult]]:
        """Send the frames, as ``Poster.post`` sends one. No connection may be named twice.

        A connection that misses a frame is sent none of those after it: they have the outcome of
        the one that it missed.

        Returns:
            For each of ``outgoing``, the outcome of each of its frames.

        Raises:
            Unavailable: no recipient was reached, for a reason that is not theirs.
        """
        ...


class LocalSubscribers(Protocol):
    """The connections whose sockets this process holds."""

    def broadcast(self, changes: "Sequence[Change]") -> Sequence[SendResult]:
        """Send each connection the ``changes`` that match its filter, in their order.

        An expired connection gets nothing; people's names go only to identities that may see
        them. Waits for no client: one that reads too slowly is ``throttled``.

        Returns:
            The outcome of each change, in their order.

        Raises:
            Unavailable: no connection was reached.
        """
        ...


class ShardQueue(Protocol):
    """The queue of a broadcast's shards; several workers take from it."""

    def put(self, shards: "Sequence[Shard]", *, delay_s: int = 0) -> None:
        """Queue the shards. Each is sent at least once, in any order, ``delay_s`` from now.

        Raises:
            Unavailable: some may not be queued; put them all again.
        """
        ...
