"""A ``Poster`` to sockets that are lists of frames."""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports.broadcast import SendResult


@dataclass
class FakePoster:
    """A ``Poster`` to the sockets in ``open``, which maps each id to the frames posted to it.

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
        self.deadlines_s.append(deadline_s)
        if self.down:
            raise Unavailable("the poster is down")
        with self._lock:
            outcome = {name: self._post(name, frame) for name in dict.fromkeys(connection_ids)}
        by_outcome = {
            kind: tuple(name for name, own in outcome.items() if own == kind)
            for kind in ("gone", "throttled", "failed")
        }
        return SendResult(delivered=Counter(outcome.values())["delivered"], **by_outcome)

    def _post(self, connection_id: str, frame: str) -> str:
        if connection_id not in self.open:
            return "gone"
        if connection_id in self.throttled:
            return "throttled"
        if connection_id in self.failed:
            return "failed"
        self.open[connection_id].append(frame)
        return "delivered"
