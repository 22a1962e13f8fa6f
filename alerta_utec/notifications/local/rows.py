"""Throttle states and outcomes to and from SQLite's rows."""

import json
import sqlite3
from typing import cast

from alerta_utec.adapters.sqlite.rows import from_us
from alerta_utec.domain.errors import Conflict
from alerta_utec.notifications.record import NotificationResult, RecipientOutcome
from alerta_utec.notifications.throttle_state import ThrottleState


def read_state(connection: sqlite3.Connection, recipient: str) -> ThrottleState:
    """Return the recipient's state; a new one if none is stored."""
    row = connection.execute(
        "SELECT version, state FROM gates WHERE recipient = ?", (recipient,)
    ).fetchone()
    return ThrottleState() if row is None else ThrottleState.from_json(json.loads(row[1]), row[0])


def save_state(connection: sqlite3.Connection, recipient: str, state: ThrottleState) -> None:
    """Store the state with the next version, in the connection's transaction.

    Raises:
        Conflict: the stored state has another version.
    """
    document = json.dumps(state.to_json())
    if state.version:
        sql = (
            "UPDATE gates SET version = version + 1, state = ? WHERE recipient = ? AND version = ?"
        )
        saved = connection.execute(sql, (document, recipient, state.version)).rowcount
    else:
        sql = "INSERT OR IGNORE INTO gates (recipient, version, state) VALUES (?, 1, ?)"
        saved = connection.execute(sql, (recipient, document)).rowcount
    if not saved:
        raise Conflict(recipient)


def outcome_from(
    recipient: str,
    state: str,
    held_for: str | None,
    attempts: int,
    next_at_us: int | None,
    changed_at_us: int,
    reason: str | None,
    together: int,
) -> RecipientOutcome:
    """Return the outcome in a row; ``together`` is the number of changes in its e-mail."""
    at = from_us(changed_at_us)
    if state == "held":
        until = None if next_at_us is None else from_us(next_at_us)
        return RecipientOutcome(recipient, "held", at, reason=held_for, until=until)
    result = cast("NotificationResult", state)
    if state == "owed":
        result = "failed" if attempts else "pending"
    return RecipientOutcome(
        recipient,
        result,
        at,
        reason=reason,
        held=held_for,
        others=max(together - 1, 0),
        attempts=attempts,
    )
