"""The leases of one process, which end with their holders or with the process."""

import threading


class ProcessLeases:
    """``Leases`` in memory; a holder releases its lease in a ``finally``, so that none expires."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By webhook id.
        self._holders: dict[str, str] = {}

    def acquire(self, webhook_id: str, holder: str) -> bool:
        with self._lock:
            return self._holders.setdefault(webhook_id, holder) == holder

    def release(self, webhook_id: str, holder: str) -> None:
        with self._lock:
            if self._holders.get(webhook_id) == holder:
                del self._holders[webhook_id]
