"""Every port in memory: the fakes of the tests, and ``serve --ephemeral``."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from alerta_utec.adapters.memory_notices import MemoryNotices
from alerta_utec.domain.change import Change, IdempotencyKey, Position
from alerta_utec.domain.delivery import Delivery, joined, latest
from alerta_utec.domain.errors import Conflict, NotFound, Unavailable
from alerta_utec.domain.ids import new_epoch
from alerta_utec.domain.incident import Incident
from alerta_utec.domain.shard import Shard
from alerta_utec.ports import KEY_TTL_S, Committed, Connection, Email, Page, Posted, Query

log = logging.getLogger(__name__)

_KEY_TTL = timedelta(seconds=KEY_TTL_S)
_PAGE = 250


def _nobody(_change: Change) -> None:
    """Tell nobody."""


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2025, 11, 16, 18, 12, tzinfo=UTC)):
        self._now = now

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        """Move to a moment."""
        self._now = now

    def advance(self, by: timedelta) -> None:
        """Move on."""
        self._now += by


class MemoryIncidents:
    """An ``IncidentStore``; what it calls for is in ``notices``.

    ``on_commit`` is called with each committed change, in ``seq`` order; what it raises is
    logged, since the change is stored all the same.
    """

    def __init__(self, on_commit: Callable[[Change], None] = _nobody):
        self.notices = MemoryNotices()
        self._on_commit = on_commit
        self._lock = threading.RLock()
        self._epoch = new_epoch()
        self._changes: list[Change] = []
        self._of_incident: dict[str, list[Change]] = {}
        self._keys: dict[IdempotencyKey, Change] = {}

    def commit(self, change: Change, *, expected_revision: int | None = None) -> Committed:
        with self._lock:
            first = self._first(change) if change.before is None else None
            if first is not None:
                if first.digest != change.digest:
                    raise Conflict(change.incident_id)
                return Committed(first, duplicate=True)
            self._check(change, expected_revision)
            stored = self._append(change)
            try:
                self._on_commit(stored)
            except Exception:
                log.exception("on_commit_failed", extra={"position": str(stored.position)})
            return Committed(stored)

    def get(self, incident_id: str) -> Incident:
        return self.history(incident_id)[-1].after

    def history(self, incident_id: str) -> Sequence[Change]:
        with self._lock:
            if incident_id not in self._of_incident:
                raise NotFound(incident_id)
            return tuple(self._of_incident[incident_id])

    def page(self, query: Query) -> Page:
        with self._lock:
            steps = [(own[0].after.seq, own[-1].after) for own in self._of_incident.values()]
        found = [
            (created_seq, incident)
            for created_seq, incident in sorted(steps, key=lambda step: -step[0])
            if (query.before_seq is None or created_seq < query.before_seq)
            and _matches(query, incident)
        ]
        shown = found[: query.limit]
        next_seq = shown[-1][0] if len(found) > len(shown) else None
        return Page(tuple(incident for _, incident in shown), next_seq)

    def changes(self, *, after_seq: int, limit: int) -> Sequence[Change]:
        with self._lock:
            return tuple(self._changes[after_seq : after_seq + limit])

    def position(self) -> Position:
        return Position(self._epoch, len(self._changes))

    def settled(self) -> Position:
        return self.position()

    def _first(self, change: Change) -> Change | None:
        kept = self._keys.get(change.key) if change.key else None
        if kept is not None and change.at < kept.at + _KEY_TTL:
            return kept
        own = self._of_incident.get(change.incident_id)
        return own[0] if own else None

    def _check(self, change: Change, expected_revision: int | None) -> None:
        if change.before is None:
            return
        revision = self.get(change.incident_id).revision
        if change.before.revision != revision or expected_revision not in (None, revision):
            raise Conflict(change.incident_id)

    def _append(self, change: Change) -> Change:
        stored = change.committed(Position(self._epoch, len(self._changes) + 1))
        self._changes.append(stored)
        self._of_incident.setdefault(stored.incident_id, []).append(stored)
        if stored.key is not None:
            self._keys[stored.key] = stored
        if stored.alarms():
            self.notices.owe(stored)
        return stored


def _matches(query: Query, incident: Incident) -> bool:
    return (
        (not query.status or incident.status in query.status)
        and (not query.urgency or incident.urgency in query.urgency)
        and (query.type is None or incident.type.casefold() == query.type.casefold())
        and (query.location is None or incident.location.casefold() == query.location.casefold())
    )


class MemoryDeliveries:
    """``Deliveries`` and ``ShardRecords``."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int, str], Delivery] = {}
        self._runs: dict[tuple[str, int, str], dict[str, dict[int, Delivery]]] = {}
        self._lock = threading.Lock()

    def record(self, deliveries: Sequence[Delivery]) -> None:
        with self._lock:
            for one in deliveries:
                self._kept[one.incident_id, one.revision, one.channel] = one

    def of(self, incident_id: str) -> Sequence[Delivery]:
        with self._lock:
            found = [one for one in self._kept.values() if one.incident_id == incident_id]
            runs = [runs for key, runs in self._runs.items() if key[0] == incident_id]
        return latest([*found, *(joined(own[max(own)]) for own in runs)])

    def record_part(self, run: str, number: int, part: Delivery) -> None:
        key = (part.incident_id, part.revision, part.channel)
        with self._lock:
            self._runs.setdefault(key, {}).setdefault(run, {})[number] = part


class MemoryShardQueue:
    """A ``ShardQueue``; ``waiting`` are the shards that nobody has taken."""

    def __init__(self) -> None:
        self.waiting: list[Shard] = []
        self.down = False

    def put(self, shards: Sequence[Shard]) -> None:
        if self.down:
            raise Unavailable("down")
        self.waiting += shards


class MemoryRateLimits:
    """``RateLimits`` by the generic cell rate algorithm; the longest unused keys are forgotten."""

    KEYS_MAX = 100_000

    def __init__(self) -> None:
        self._full_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, key: str, now: datetime, *, per_s: float, burst: int) -> float:
        now_s, interval_s = now.timestamp(), 1 / per_s
        with self._lock:
            full_at = max(self._full_at.pop(key, now_s), now_s)
            wait_s = full_at + interval_s - burst * interval_s - now_s
            self._full_at[key] = full_at if wait_s > 0 else full_at + interval_s
            if len(self._full_at) > self.KEYS_MAX:
                del self._full_at[next(iter(self._full_at))]
        return max(wait_s, 0.0)


class MemoryConnections:
    """``Connections``; its ``clock`` tells which have expired."""

    def __init__(self, clock: ManualClock):
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, Connection] = {}

    def save(self, connection: Connection) -> None:
        with self._lock:
            self._kept[connection.connection_id] = connection

    def delete(self, connection_id: str) -> None:
        with self._lock:
            self._kept.pop(connection_id, None)

    def get(self, connection_id: str) -> Connection | None:
        with self._lock:
            connection = self._kept.get(connection_id)
        return connection if connection and connection.alive(self._clock.now()) else None

    def pages(self) -> Iterator[Sequence[Connection]]:
        now = self._clock.now()
        with self._lock:
            alive = [c for c in self._kept.values() if c.alive(now)]
        for start in range(0, len(alive), _PAGE):
            yield alive[start : start + _PAGE]


@dataclass
class MemoryPoster:
    """A ``Poster`` to the sockets in ``open``: each id with the frames that it got.

    A test may name sockets as ``throttled`` or ``failed``, or take the poster ``down``;
    ``deadlines_s`` are those that it was given.
    """

    open: dict[str, list[str]] = field(default_factory=dict)
    throttled: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    down: bool = False
    deadlines_s: list[float | None] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def post(
        self, connection_ids: Sequence[str], frame: str, *, deadline_s: float | None = None
    ) -> Posted:
        self.deadlines_s.append(deadline_s)
        if self.down:
            raise Unavailable("the poster is down")
        with self._lock:
            outcome = {name: self._post(name, frame) for name in dict.fromkeys(connection_ids)}
        by_outcome = {
            kind: tuple(name for name, own in outcome.items() if own == kind)
            for kind in ("gone", "throttled", "failed")
        }
        return Posted(delivered=Counter(outcome.values())["delivered"], **by_outcome)

    def _post(self, connection_id: str, frame: str) -> str:
        if connection_id not in self.open:
            return "gone"
        if connection_id in self.throttled:
            return "throttled"
        if connection_id in self.failed:
            return "failed"
        self.open[connection_id].append(frame)
        return "delivered"


@dataclass
class MemoryMailer:
    """A ``Mailer`` that keeps what was sent; ``refuses`` are message ids that fail."""

    sent: list[Email] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    down: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def send(self, email: Email) -> None:
        with self._lock:
            if self.down or email.message_id in self.refuses:
                raise Unavailable("the mailer is down")
            self.sent.append(email)
