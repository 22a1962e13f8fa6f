"""What the application needs from outside: roles, and what whoever plays one must keep to.

Every method is synchronous and may be called from several threads at once. The incidents' types
are not loaded for it: a Lambda that only opens connections would pay for them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.messages import DEFAULT_LANG, Lang
from alerta_utec.domain.policy import ANONYMOUS, Identity, Permission
from alerta_utec.domain.values import Status, Urgency

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change, Position
    from alerta_utec.domain.delivery import Consumer, Delivery
    from alerta_utec.domain.incident import Incident
    from alerta_utec.domain.shard import Shard

KEY_TTL_S = 24 * 3600
CONNECTION_TTL_S = 2 * 3600


class Clock(Protocol):
    """The time of day."""

    def now(self) -> datetime:
        """Now, aware, in UTC, with microseconds."""
        ...


@dataclass(frozen=True, slots=True)
class Committed:
    """The result of a commit: the stored change, with its position.

    ``duplicate``: it was stored before, by an equal request; nothing was stored now.
    """

    change: "Change"
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Which incidents to list: newest first, ``limit`` of them (1 to 200).

    ``before_seq`` continues a listing: only incidents created before that ``seq``.
    ``type`` and ``location`` are compared without regard to case.
    """

    limit: int = 50
    before_seq: int | None = None
    status: frozenset[Status] = frozenset()
    urgency: frozenset[Urgency] = frozenset()
    type: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a listing; ``next_seq`` is the ``before_seq`` of the next page, if there is one."""

    incidents: "Sequence[Incident]"
    next_seq: int | None = None


class IncidentStore(Protocol):
    """The incidents, and the order in which they changed."""

    def commit(self, change: "Change", *, expected_revision: int | None = None) -> Committed:
        """Store one change with the feed's next ``seq``, all or nothing.

        The change is queued for delivery in the same transaction: a crash after this
        returns loses nothing. ``seq`` counts 1, 2, 3 … without a hole, whatever fails.

        A creation (``change.before`` is none) with an ``incidentId`` or ``key`` that was
        stored before (keys: in the last 24 h) stores nothing: where the digests are equal,
        the first result is returned with ``duplicate=True``, whatever has happened to the
        incident since. May block for up to 20 s when others commit at once.

        Raises:
            Conflict: the digests differ, or the incident is not at ``expected_revision``,
                or no longer at the revision that the change was made from.
            NotFound: a change of an incident that is not there.
            Unavailable: nothing was stored, or it is not known whether it was; the same
                change may be repeated.
        """
        ...

    def get(self, incident_id: str) -> "Incident":
        """The incident at its last committed revision (strongly consistent).

        Raises:
            NotFound, Unavailable.
        """
        ...

    def history(self, incident_id: str) -> "Sequence[Change]":
        """Every change of the incident, oldest first, none missing.

        Raises:
            NotFound, Unavailable.
        """
        ...

    def page(self, query: Query) -> Page:
        """A page of incidents, newest (by creation) first; may lag behind by moments.

        Raises:
            Unavailable.
        """
        ...

    def changes(self, *, after_seq: int, limit: int) -> "Sequence[Change]":
        """The next changes in ``seq`` order, from ``after_seq + 1`` on (strongly consistent).

        Raises:
            Unavailable.
        """
        ...

    def position(self) -> "Position":
        """Where the feed is: the ``seq`` of the last committed change, 0 before the first.

        Raises:
            Unavailable.
        """
        ...

    def indexed_position(self) -> "Position":
        """A position, as late as can be told, up to which ``page`` is sure to lag no more.

        Raises:
            Unavailable.
        """
        ...


@dataclass(frozen=True, slots=True)
class Connection:
    """One client's socket, as the fan-out sees it."""

    connection_id: str
    connected_at: datetime
    expires_at: datetime
    identity: Identity = ANONYMOUS
    filter: Filter = EVERYTHING
    lang: Lang = DEFAULT_LANG

    @property
    def private(self) -> bool:
        """Whether it is told people's names."""
        return self.identity.can(Permission.SEE_PEOPLE)

    def alive(self, now: datetime) -> bool:
        """Whether its time is not over yet."""
        return now < self.expires_at


class Connections(Protocol):
    """Who is connected."""

    def save(self, connection: Connection) -> None:
        """Add a connection, or replace what is kept of it.

        Raises:
            Unavailable.
        """
        ...

    def delete(self, connection_id: str) -> None:
        """Forget a connection; nothing happens where it is not known.

        Raises:
            Unavailable.
        """
        ...

    def get(self, connection_id: str) -> Connection | None:
        """What is kept of it (strongly consistent); none where it is not known or has expired.

        Raises:
            Unavailable.
        """
        ...

    def pages(self) -> Iterator[Sequence[Connection]]:
        """Every connection that has not expired, in pages of any size, in no order.

        One that is saved or deleted meanwhile may be in or out.

        Raises:
            Unavailable.
        """
        ...


@dataclass(frozen=True, slots=True)
class SendResult:
    """What became of one frame for many: a count, and the ids of those that did not get it.

    ``delivered`` frames were handed to the socket, which does not prove that they arrived.
    ``throttled``: that client's buffer is full. ``failed``: an error that may pass.
    """

    delivered: int = 0
    gone: tuple[str, ...] = ()
    throttled: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    def __add__(self, other: "SendResult") -> "SendResult":
        """Both together."""
        return SendResult(
            self.delivered + other.delivered,
            self.gone + other.gone,
            self.throttled + other.throttled,
            self.failed + other.failed,
        )


class Authenticator(Protocol):
    """Knows people by their tokens."""

    @property
    def required(self) -> bool:
        """Whether sign-in is on."""
        ...

    def authenticate(self, token: str | None) -> "Authentication":
        """Who the token is for. May block for up to 5 s to fetch the issuer's keys.

        Raises:
            Unauthorized: there is none where one is needed, or it is not valid now.
            Unavailable: the issuer's keys cannot be had.
        """
        ...


@dataclass(frozen=True, slots=True)
class Authentication:
    """A valid token: whose, and until when (none: it has no end)."""

    identity: Identity
    expires_at: datetime | None = None


class RateLimits(Protocol):
    """Counts by key, as buckets of tokens that fill again by themselves."""

    def take(self, key: str, now: datetime, *, per_s: float, burst: int) -> float:
        """Take one token from the bucket of ``key``, which holds ``burst`` and fills ``per_s``.

        Returns:
            0.0 where there was one; else the seconds until there will be, and none was taken.

        Raises:
            Unavailable: it cannot be counted now.
        """
        ...


class Poster(Protocol):
    """Sends frames to sockets."""

    def post(
        self, connection_ids: Sequence[str], frame: str, *, deadline_s: float | None = None
    ) -> SendResult:
        """Send ``frame`` (up to 128 KB in UTF-8) to each connection; again only where the
        first time it failed, or is not known.

        A client that is gone, slow or throttled delays no other. Never raises for a
        recipient; ids that are not known are ``gone``. Nothing is begun after
        ``deadline_s`` (of ``time.monotonic``); whoever is left then has ``failed``.

        Raises:
            Unavailable: nobody was reached, through no fault of theirs.
        """
        ...


class LocalSubscribers(Protocol):
    """The connections whose sockets this process holds."""

    def broadcast(self, changes: "Sequence[Change]") -> Sequence[SendResult]:
        """Tell each connection those of the ``changes`` that concern its filter, in their order.

        Nothing reaches a connection that has expired; people's names go only to those who may
        see them. It waits for no client: one that reads too slowly is ``throttled``.

        Returns:
            What became of each change.

        Raises:
            Unavailable: nobody was told.
        """
        ...


@dataclass(frozen=True, slots=True)
class Email:
    """One e-mail, to whoever is subscribed.

    ``subject``: one line of ASCII, ≤ 99 chars, without encoded words (RFC 2047). ``short``: the
    same as a text message, where there may be telephones.
    """

    message_id: str
    subject: str
    body: str
    attributes: Mapping[str, str | int | Sequence[str]] = field(default_factory=dict)
    short: str | None = None


class Mailer(Protocol):
    """Sends e-mail."""

    def send(self, email: Email) -> None:
        """Hand the e-mail over, to all recipients; blocks for up to 30 s.

        Returning means that the next hop has taken it. At least once: after an
        ``Unavailable`` it may have been taken all the same.

        Raises:
            Unavailable: worth another try.
        """
        ...


class Deliveries(Protocol):
    """The record of what was sent."""

    def record(self, deliveries: "Sequence[Delivery]") -> None:
        """Keep them; a later one of the same incident, revision and channel replaces the first.

        Raises:
            Unavailable: some may not be kept.
        """
        ...

    def for_incident(self, incident_id: str) -> "Sequence[Delivery]":
        """What is on record for an incident, by revision and then channel; may be nothing.

        May lag behind by moments.

        Raises:
            Unavailable.
        """
        ...


class ChangeFeed(Protocol):
    """The part of ``IncidentStore`` that tells what has changed."""

    def changes(self, *, after_seq: int, limit: int) -> "Sequence[Change]":
        """As ``IncidentStore.changes``."""
        ...


class ShardQueue(Protocol):
    """Has shards of a broadcast sent, each by whoever is free."""

    def put(self, shards: "Sequence[Shard]") -> None:
        """Queue them; each is sent at least once, and they in any order.

        Raises:
            Unavailable: some may not be queued; put them all again.
        """
        ...


class ShardRecords(Protocol):
    """The record of what was sent, shard by shard; ``Deliveries`` shows it as a whole."""

    def record_part(self, run: str, number: int, part: "Delivery") -> None:
        """Keep what became of shard ``number`` of the broadcast ``run``, or its plan (``PLAN``).

        A later one of the same number replaces the first, so that a shard that is sent twice
        counts once. Of several runs for one revision the last by name is the record.

        Raises:
            Unavailable: it may not be kept.
        """
        ...


@dataclass(frozen=True, slots=True)
class FailedBatch:
    """Changes that a consumer of the feed gave up on: where to look for them, not what they are.

    ``first_at`` and ``last_at``: when the first and the last of them reached the consumer's
    stream, cut to seconds. ``channel`` is none where it cannot be told, as for a message that
    is none of ours. ``handle`` is its queue's. ``shard``: only these connections, of one change.
    """

    handle: str
    channel: "Consumer | None"
    first_at: datetime
    last_at: datetime
    size: int
    shard: "Shard | None" = None


class FailedBatches(Protocol):
    """The queue of what could not be delivered; each in it is there until it is removed."""

    def take(self) -> Sequence[FailedBatch]:
        """Some of them, hidden from every other taker for a quarter of an hour.

        May block for some seconds; nothing means that there is nothing more to take now.

        Raises:
            Unavailable.
        """
        ...

    def remove(self, batch: FailedBatch) -> None:
        """It has been seen to. Repeating it changes nothing.

        Raises:
            Unavailable: it will come again.
        """
        ...

    def put_back(self, batch: FailedBatch) -> None:
        """Let others take it at once.

        Raises:
            Unavailable: they can in a quarter of an hour.
        """
        ...
