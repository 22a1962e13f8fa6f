"""A ``Poster`` and ``FramesPoster`` to sockets that are lists of frames."""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports.broadcast import Outgoing, SendResult


@dataclass
class FakePoster:
    """A poster to the sockets in ``open``, which maps each id to the frames posted to it.

    A test can name sockets as ``throttled`` or ``failed``, or set the poster ``down``;
    ``deadlines_s`` has the deadline of each call.
    """

    open: dict[str, list[str]] = field(default_factory=dict)
    throttled: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    down: bool = False
    deadlines_s: list[float | None] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def post(
        self, connection_ids: Sequence[str], frame: str, *, deadline_s: float | None = None
    ) -> SendResult:
        ids = tuple(dict.fromkeys(connection_ids))
        ((result,),) = self.post_frames([Outgoing(ids, (frame,))], deadline_s=deadline_s)
        return result

    def post_frames(
        self, outgoing: Sequence[Outgoing], *, deadline_s: float | None = None
    ) -> Sequence[Sequence[SendResult]]:
        self.deadlines_s.append(deadline_s)
        if self.down:
            raise Unavailable("the poster is down")
        with self._lock:
            return [self._post_all(one) for one in outgoing]

    def _post_all(self, one: Outgoing) -> Sequence[SendResult]:
        outcomes = dict.fromkeys(one.connection_ids, "delivered")
        results = []
        for frame in one.frames:
            outcomes |= {
                name: self._post(name, frame)
                for name, outcome in outcomes.items()
                if outcome == "delivered"
            }
            by_outcome = {
                kind: tuple(name for name, own in outcomes.items() if own == kind)
                for kind in ("gone", "throttled", "failed")
            }
            delivered = Counter(outcomes.values())["delivered"]
            results.append(SendResult(delivered=delivered, **by_outcome))
        return results

    def _post(self, connection_id: str, frame: str) -> str:
        if connection_id not in self.open:
            return "gone"
        if connection_id in self.throttled:
            return "throttled"
        if connection_id in self.failed:
            return "failed"
        self.open[connection_id].append(frame)
        return "delivered"
