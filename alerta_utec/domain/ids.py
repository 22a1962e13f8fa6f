"""New identifiers."""

import os
import secrets
from datetime import datetime


def uuid7(at: datetime) -> str:
    """A UUID version 7 (RFC 9562, section 5.7): milliseconds, then 74 random bits."""
    drawn = os.urandom(10)
    digits = int(at.timestamp() * 1000).to_bytes(6).hex() + drawn.hex()
    # The random digits but two, of which the first is the version and the second the variant's.
    variant = "89ab"[drawn[2] >> 6]
    return f"{digits[:8]}-{digits[8:12]}-7{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def new_epoch() -> str:
    """A name for a feed's epoch: 12 characters, different for every store and restore."""
    return secrets.token_hex(6)
