"""New identifiers."""

import secrets
import uuid
from datetime import datetime


def uuid7(at: datetime) -> str:
    """A UUID version 7 (RFC 9562, section 5.7): milliseconds, then 74 random bits."""
    milliseconds = int(at.timestamp() * 1000)
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64
    return str(uuid.UUID(int=value | 0b10 << 62 | secrets.randbits(62)))


def new_epoch() -> str:
    """A name for a feed's epoch: 12 characters, different for every store and restore."""
    return secrets.token_hex(6)
