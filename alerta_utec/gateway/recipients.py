"""Sets of open sockets that receive the same frames."""

from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from alerta_utec.domain.filters import Filter
from alerta_utec.gateway.socket import ClientSocket
from alerta_utec.ports.connections import Form


class Recipients:
    """An immutable set of sockets that receive the same bytes, split by backlog."""

    __slots__ = ("backlogged", "fds", "ready")

    def __init__(self, sockets: Collection[ClientSocket]) -> None:
        # Sockets without a backlog; ``fds`` has their descriptors in the same order.
        self.ready = [socket for socket in sockets if not socket.backlogged]
        self.backlogged: Sequence[ClientSocket] = ()
        if len(self.ready) < len(sockets):
            self.backlogged = [socket for socket in sockets if socket.backlogged]
        self.fds = array("i", [socket.fd for socket in self.ready])

    def __len__(self) -> int:
        return len(self.ready) + len(self.backlogged)


class SubscriberGroup:
    """The sockets with the same filter and the same form of changes."""

    __slots__ = ("_last_broadcast_ms", "_lists", "_recipients", "filter", "form", "members")

    def __init__(self, wanted: Filter, form: Form) -> None:
        self.filter = wanted
        self.form = form
        # An ordered set.
        self.members: dict[ClientSocket, None] = {}
        # The last broadcast before the current ``_lists``; epoch milliseconds, 0 for none.
        self._last_broadcast_ms = 0
        # The cached lists that this group is part of.
        self._lists: list[CachedRecipients] = []
        self._recipients: Recipients | None = None

    @property
    def last_broadcast_ms(self) -> int:
        """The time of the last broadcast to the group; epoch milliseconds, 0 for none."""
        return max([self._last_broadcast_ms, *(one.last_broadcast_ms for one in self._lists)])

    def add(self, socket: ClientSocket) -> None:
        """Add a socket."""
        self.members[socket] = None
        self.invalidate()

    def remove(self, socket: ClientSocket) -> None:
        """Remove a member."""
        del self.members[socket]
        self.invalidate()

    def invalidate(self) -> None:
        """Drop the cached ``recipients``, after a change of members or of their backlog."""
        self._recipients = None

    def recipients(self) -> Recipients:
        """Return the members as recipients, from the cache if nothing has changed."""
        if self._recipients is None:
            self._recipients = Recipients(self.members)
        return self._recipients

    def join_list(self, cached: "CachedRecipients") -> None:
        """Take the broadcasts to ``cached`` as broadcasts to this group."""
        self._lists.append(cached)

    def leave_lists(self) -> None:
        """Leave all cached lists, and keep the time of their last broadcast."""
        self._last_broadcast_ms = self.last_broadcast_ms
        self._lists.clear()


class CachedRecipients:
    """The groups that match the same states, with their members as one list.

    ``states`` has the indexes of those states in the sequence that was looked up. It stays valid
    until any group changes, so a broadcast costs nothing for each group.
    """

    __slots__ = ("_groups", "form", "last_broadcast_ms", "recipients", "states")

    def __init__(
        self, form: Form, states: tuple[int, ...], groups: Sequence[SubscriberGroup]
    ) -> None:
        self.form = form
        self.states = states
        self._groups = groups
        # Epoch milliseconds, 0 for none.
        self.last_broadcast_ms = 0
        if len(groups) == 1:
            self.recipients = groups[0].recipients()
        else:
            self.recipients = Recipients([socket for group in groups for socket in group.members])
        for group in groups:
            group.join_list(self)

    def invalidate(self) -> None:
        """Detach the groups; this list is not used again."""
        for group in self._groups:
            group.leave_lists()


@dataclass(frozen=True, slots=True)
class Target:
    """Recipients, and the ``indexes`` of the changes that they receive."""

    form: Form
    indexes: tuple[int, ...]
    recipients: Recipients
