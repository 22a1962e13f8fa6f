"""The ``LocalSubscribers`` port: committed changes to all matching sockets of this process.

``app/local_broadcast.py`` calls it, in the event loop. The way of a frame from here:
``directory.py`` and ``subscribers.py`` find the recipients, ``sending.py`` writes to their
descriptors, and ``socket.py`` to the transports of those with a backlog.
"""

from collections.abc import Sequence

from alerta_utec.app.update_frames import UpdateFrames
from alerta_utec.domain.change import Change
from alerta_utec.gateway.directory import SubscriberDirectory
from alerta_utec.gateway.frames import text_frame
from alerta_utec.gateway.loop_bridge import LoopBridge
from alerta_utec.gateway.recipients import Recipients, Target
from alerta_utec.gateway.registry import SocketRegistry
from alerta_utec.gateway.sending import BulkWriter
from alerta_utec.ports.broadcast import SendResult
from alerta_utec.ports.clock import Clock

_NO_RECIPIENTS = SendResult()


class _Data:
    """The bytes for each target of some changes: its frames, one after another."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._frames = UpdateFrames(changes)
        # The frames of one change, by index and ``private``.
        self._ones: dict[tuple[int, bool], bytes] = {}

    def of(self, target: Target) -> bytes:
        """Return the frames that the target's recipients get."""
        if target.form.together and len(target.indexes) > 1:
            frames = self._frames.in_form(target.indexes, target.form)
            return b"".join([text_frame(frame.text.encode()) for frame in frames])
        return b"".join([self._one(index, target.form.private) for index in target.indexes])

    def _one(self, index: int, private: bool) -> bytes:
        key = (index, private)
        if key not in self._ones:
            frame = self._frames.one(index, private=private)
            self._ones[key] = text_frame(frame.text.encode())
        return self._ones[key]


class GatewaySubscribers:
    """``LocalSubscribers`` over the open sockets of this process."""

    def __init__(
        self,
        directory: SubscriberDirectory,
        sockets: SocketRegistry,
        loop: LoopBridge,
        clock: Clock,
        writer: BulkWriter,
    ) -> None:
        self._directory = directory
        self._sockets = sockets
        self._loop = loop
        self._clock = clock
        self._writer = writer

    def broadcast(self, changes: Sequence[Change]) -> Sequence[SendResult]:
        """See ``LocalSubscribers``; all frames for one client leave in one write."""
        return self._loop.run(lambda: self._broadcast(changes))

    def _broadcast(self, changes: Sequence[Change]) -> Sequence[SendResult]:
        data = _Data(changes)
        results: dict[int, SendResult] = {}
        for target in self._directory.targets_of(changes, self._clock.now()):
            result = self._write(target.recipients, data.of(target))
            for index in target.indexes:
                results[index] = results[index] + result if index in results else result
        self._sockets.enforce_total_limit()
        return [results.get(index, _NO_RECIPIENTS) for index in range(len(changes))]

    def _write(self, recipients: Recipients, data: bytes) -> SendResult:
        self._writer.write(recipients.ready, recipients.fds, data)
        throttled = [socket for socket in recipients.backlogged if not socket.write(data)]
        return SendResult(
            len(recipients) - len(throttled),
            throttled=tuple(socket.client.connection_id for socket in throttled),
        )
