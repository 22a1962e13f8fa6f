"""New identifiers."""

import os
import secrets
from datetime import datetime


def uuid7(at: datetime) -> str:
    """Return a UUID version 7 (RFC 9562, section 5.7): milliseconds, then 74 random bits."""
    random_bytes = os.urandom(10)
    digits = int(at.timestamp() * 1000).to_bytes(6).hex() + random_bytes.hex()
    # The version replaces one random digit, and the variant two bits of another.
    variant = "89ab"[random_bytes[2] >> 6]
    return f"{digits[:8]}-{digits[8:12]}-7{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def new_epoch() -> str:
    """Return a name for a feed's epoch: 12 characters, different for every store and restore."""
    return secrets.token_hex(6)
