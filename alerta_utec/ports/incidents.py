"""The store of incidents and of the feed of their changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from alerta_utec.domain.values import Status, Urgency

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change, Position
    from alerta_utec.domain.incident import Incident

KEY_TTL_S = 24 * 3600
# The longest page of a history.
HISTORY_PAGE = 200
# A page of incidents or of a history ends early once it has about so many bytes of JSON, so that
# the memory of a read and the size of its response have a bound.
PAGE_MAX_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class Committed:
    """The result of a commit: the stored change, with its position."""

    change: "Change"
    # An equal request stored the change before; this one stored nothing.
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """The filter and the place of a page of incidents, which are listed newest first.

    ``limit`` is 1 to 200. ``before_seq`` continues a listing: only incidents created before that
    ``seq``. ``type`` and ``location`` are compared without regard to case.
    """

    limit: int = 50
    before_seq: int | None = None
    status: frozenset[Status] = frozenset()
    urgency: frozenset[Urgency] = frozenset()
    type: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """One page of a listing."""

    incidents: "Sequence[Incident]"
    # The ``before_seq`` of the next page; ``None`` on the last one.
    next_seq: int | None = None


class ChangeFeed(Protocol):
    """The feed of committed changes, for reading."""

    def changes(self, *, after_seq: int, limit: int) -> "Sequence[Change]":
        """Return up to ``limit`` changes in ``seq`` order, from ``after_seq + 1`` on.

        The read is strongly consistent. No ``seq`` is missing between two of them but that of a
        damaged row, which is skipped; fewer than ``limit`` changes mean that no more follow.

        Raises:
            Unavailable.
        """
        ...


class IncidentStore(ChangeFeed, Protocol):
    """The incidents and the order in which they changed."""

    def commit(self, change: "Change", *, expected_revision: int | None = None) -> Committed:
        """Store one change with the feed's next ``seq``, all or nothing.

        The change is queued for delivery in the same transaction: a crash after this
        returns loses nothing. ``seq`` counts 1, 2, 3 … without a gap, whatever fails.

        A creation (``change.before`` is ``None``) is idempotent by its ``incidentId`` and, for
        24 hours, by its ``key``: if one of them was stored before with an equal digest, nothing
        is stored, and the first result is returned with ``duplicate=True``, whatever has
        happened to the incident since. May block for up to 25 s while others commit.

        Raises:
            Conflict: the digests differ; or the incident is not at ``expected_revision``, or no
                longer at the revision that the change was made from.
            NotFound: the change is to an incident that does not exist.
            Unavailable: nothing was stored, or the outcome is unknown; the same change may be
                repeated.
        """
        ...

    def get(self, incident_id: str) -> "Incident":
        """Return the incident at its last committed revision (strongly consistent).

        Raises:
            NotFound, Unavailable.
        """
        ...

    def history(
        self, incident_id: str, *, limit: int = HISTORY_PAGE, before_revision: int | None = None
    ) -> "Sequence[Change]":
        """Return the last changes of the incident, the oldest of them first.

        At most ``limit`` (1 to ``HISTORY_PAGE``), and fewer if they have ``PAGE_MAX_BYTES``; only
        those before ``before_revision``, if it is given. Damaged changes are left out, and may end
        the history.

        Raises:
            NotFound, Unavailable.
        """
        ...

    def page(self, query: Query) -> IncidentPage:
        """Return a page of incidents, the newest (by creation) first.

        A page can have fewer than ``limit`` although others follow: if it has ``PAGE_MAX_BYTES``,
        or if few incidents match the filter. Only ``next_seq`` tells whether others follow.

        May miss what was committed in the last moments; see ``indexed_position``.

        Raises:
            Unavailable.
        """
        ...

    def position(self) -> "Position":
        """Return the position of the last committed change; ``seq`` is 0 before the first.

        Raises:
            Unavailable.
        """
        ...

    def indexed_position(self) -> "Position":
        """Return the latest position for which ``page`` is known to show every change up to it.

        Raises:
            Unavailable.
        """
        ...

    @property
    def damaged_rows(self) -> int:
        """How many stored rows this process has found that it cannot read, and skipped."""
        ...
