"""The interfaces that sign-in depends on; their docstrings are the contract for implementers.

Every method is synchronous, safe to call from several threads at once, and raises ``Unavailable``
if the storage behind it does not answer.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from alerta_utec.sign_in.key import Key


class KeyStore(Protocol):
    """The keys of machines: ``KEYS_MAX`` at most, so that reading all of them is cheap."""

    def all(self) -> Sequence[Key]:
        """Return every key, the oldest first; consistent with every completed ``add``."""
        ...

    def get(self, key_id: str) -> Key | None:
        """Return the key (strongly consistent), or ``None`` if it is unknown or revoked."""
        ...

    def add(self, key: Key) -> None:
        """Store a new key; its id is random and taken by no other."""
        ...

    def delete(self, key_id: str) -> bool:
        """Delete the key; return whether there was one."""
        ...

    def set_last_used(self, key_id: str, at: datetime) -> None:
        """Store when the key was used; a key that is deleted meanwhile stays deleted."""
        ...
