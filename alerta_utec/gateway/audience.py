"""Open sockets that are told the same."""

from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerta_utec.domain.filters import Filter

if TYPE_CHECKING:
    from alerta_utec.gateway.session import Session


class Recipients:
    """Sockets that get the same bytes.

    For those ``behind``, bytes wait in this process. For those that are ``ready`` none do, so
    that theirs may go straight to the descriptors: ``fds``, in the same order.
    """

    __slots__ = ("behind", "fds", "ready")

    def __init__(self, everyone: "Collection[Session]") -> None:
        self.ready = [session for session in everyone if not session.behind]
        self.behind: Sequence[Session] = ()
        if len(self.ready) < len(everyone):
            self.behind = [session for session in everyone if session.behind]
        self.fds = array("i", [session.fd for session in self.ready])

    def __len__(self) -> int:
        return len(self.ready) + len(self.behind)


class Room:
    """Those whose filter is the same, and who see people's names (``private``) or do not."""

    __slots__ = ("_recipients", "members", "private", "told_ms", "wanted")

    def __init__(self, wanted: Filter, private: bool) -> None:
        self.wanted = wanted
        self.private = private
        self.told_ms = 0
        self.members: dict[Session, None] = {}
        self._recipients: Recipients | None = None

    def enter(self, session: "Session") -> None:
        """Tell it too, from now on."""
        self.members[session] = None
        self.changed()

    def leave(self, session: "Session") -> None:
        """Tell it no more."""
        del self.members[session]
        self.changed()

    def changed(self) -> None:
        """Somebody has come, gone, fallen behind or caught up."""
        self._recipients = None

    def recipients(self) -> Recipients:
        """Everyone in it, as long as nothing changes."""
        if self._recipients is None:
            self._recipients = Recipients(self.members)
        return self._recipients


@dataclass(frozen=True, slots=True)
class Told:
    """Whom to tell what: ``which`` are places in a sequence of changes."""

    private: bool
    which: tuple[int, ...]
    recipients: Recipients
