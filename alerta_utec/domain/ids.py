"""New identifiers."""

import secrets
from datetime import datetime


def uuid7(at: datetime) -> str:
    """A UUID version 7 (RFC 9562, section 5.7): milliseconds, then 74 random bits."""
    milliseconds = int(at.timestamp() * 1000)
    random = int.from_bytes(secrets.token_bytes(10))
    high, low = random >> 68, random & (1 << 62) - 1
    digits = f"{milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def new_epoch() -> str:
    """A name for a feed's epoch: 12 characters, different for every store and restore."""
    return secrets.token_hex(6)
