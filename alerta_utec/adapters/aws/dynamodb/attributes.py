"""DynamoDB's attribute values, as its low-level interface has them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Item = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def text(value: str) -> dict[str, str]:
    """A text as an attribute value."""
    return {"S": value}


def number(value: int) -> dict[str, str]:
    """A whole number as an attribute value."""
    return {"N": str(value)}


def text_of(item: Mapping[str, Any], name: str) -> str | None:
    """The text called ``name``; none where the item has none."""
    return item[name]["S"] if name in item else None


def number_of(item: Mapping[str, Any], name: str) -> int:
    """The whole number called ``name``.

    Raises:
        KeyError: the item has none.
    """
    return int(item[name]["N"])


def expiry(moment: datetime) -> Item:
    """Two attributes: ``expiresAt`` in seconds since 1970 for TTL, which takes nothing finer
    and deletes days late, and ``expiresAtUs`` in microseconds, which decides."""
    at_us = epoch_us(moment)
    return {"expiresAt": number(-(-at_us // 1_000_000)), "expiresAtUs": number(at_us)}


def expiry_of(item: Mapping[str, Any]) -> datetime:
    """The moment that ``expiry`` wrote."""
    return moment_of(item, "expiresAtUs")


def moment_of(item: Mapping[str, Any], name: str) -> datetime:
    """The moment called ``name``, which ``epoch_us`` wrote.

    Raises:
        KeyError: the item has none.
    """
    return _EPOCH + timedelta(microseconds=number_of(item, name))


def epoch_us(moment: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)
