"""The queues between the reader of the feed's stream and the other consumers of the feed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from alerta_utec.domain.position import ChangeHeader


class RelayQueue(Protocol):
    """The queue from which one consumer gets the changes that it wants."""

    def put(self, headers: "Sequence[ChangeHeader]") -> None:
        """Queue the wanted ones of these changes, which are in ``seq`` order.

        Each is received at least once. Repeating the call within five minutes adds nothing.

        Raises:
            Unavailable, Internal: some may not be queued; repeat the call.
        """
        ...
