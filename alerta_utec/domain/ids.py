"""New identifiers."""

import os
import secrets
from datetime import datetime

# The bytes of 256 ids come from one call to the system. A call for each id would also give up the
# interpreter's lock, and wait to get it back from the other threads.
_CHUNK_BYTES, _CHUNKS = 16, 256
_unused: list[bytes] = []
# A forked process must not repeat the ids of its parent.
os.register_at_fork(after_in_child=_unused.clear)


def random_bytes(count: int) -> bytes:
    """Return up to 16 bytes of the system's random generator, none of them twice."""
    try:
        return _unused.pop()[:count]
    except IndexError:
        fresh = os.urandom(_CHUNK_BYTES * _CHUNKS)
        starts = range(_CHUNK_BYTES, len(fresh), _CHUNK_BYTES)
        _unused.extend([fresh[start : start + _CHUNK_BYTES] for start in starts])
        return fresh[:count]


def uuid7(at: datetime) -> str:
    """Return a UUID version 7 (RFC 9562, section 5.7): milliseconds, then 74 random bits."""
    drawn = random_bytes(10)
    digits = int(at.timestamp() * 1000).to_bytes(6).hex() + drawn.hex()
    # The version replaces one random digit, and the variant two bits of another.
    variant = "89ab"[drawn[2] >> 6]
    return f"{digits[:8]}-{digits[8:12]}-7{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def new_epoch() -> str:
    """Return a name for a feed's epoch: 12 characters, different for every store and restore."""
    return secrets.token_hex(6)
