"""DynamoDB's attribute values in the form of its low-level interface."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Item = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def text(value: str) -> dict[str, str]:
    """Return a text as an attribute value."""
    return {"S": value}


def number(value: int) -> dict[str, str]:
    """Return a whole number as an attribute value."""
    return {"N": str(value)}


def text_of(item: Mapping[str, Any], name: str) -> str | None:
    """Return the text ``name``, or ``None`` if the item has none."""
    return item[name]["S"] if name in item else None


def number_of(item: Mapping[str, Any], name: str) -> int:
    """Return the whole number ``name``.

    Raises:
        KeyError: the item has none.
    """
    return int(item[name]["N"])


def expiry(moment: datetime) -> Item:
    """Return two attributes for the end of an item's life.

    ``expiresAt`` is for TTL: in seconds since 1970, and TTL deletes days late. ``expiresAtUs``, in
    microseconds, decides.
    """
    at_us = epoch_us(moment)
    return {"expiresAt": number(-(-at_us // 1_000_000)), "expiresAtUs": number(at_us)}


def expiry_of(item: Mapping[str, Any]) -> datetime:
    """Return the moment that ``expiry`` wrote."""
    return moment_of(item, "expiresAtUs")


def moment_of(item: Mapping[str, Any], name: str) -> datetime:
    """Return the moment ``name``, which ``epoch_us`` wrote.

    Raises:
        KeyError: the item has none.
    """
    return _EPOCH + timedelta(microseconds=number_of(item, name))


def epoch_us(moment: datetime) -> int:
    """Return the microseconds since 1970, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)
