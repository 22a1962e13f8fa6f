"""The exclusive rights to a webhook: the interfaces, as those in ``ports``."""

from dataclasses import dataclass
from typing import Protocol


class Leases(Protocol):
    """An exclusive right for each webhook; a holder that never releases it loses it in time."""

    def acquire(self, webhook_id: str, holder: str) -> bool:
        """Acquire or extend the lease; return whether ``holder`` has it now."""
        ...

    def release(self, webhook_id: str, holder: str) -> None:
        """Free the lease now; nothing happens if ``holder`` does not have it any more.

        Raises:
            Unavailable: the lease ends when it expires.
        """
        ...


@dataclass(frozen=True, slots=True)
class Lease:
    """A holder's right to post to a webhook, and what the holder before has left.

    ``failures``: how many attempts in a row had failed by then.
    """

    failures: int


class DeliveryLeases(Protocol):
    """The exclusive right to post to a webhook, so that it gets one request at a time."""

    def acquire(self, webhook_id: str, holder: str) -> Lease | None:
        """Acquire or extend the lease; return ``None`` if another holder has it."""
        ...

    def release(
        self, webhook_id: str, holder: str, *, failures: int = 0, cools_down: bool = False
    ) -> None:
        """Free the lease, now or after a cool-down, as ``Leases.release``.

        The next holder gets the ``failures`` in a row so far.
        """
        ...
