"""Gates and the record of notices, to and from SQLite's rows."""

import json
import sqlite3
from typing import cast

from alerta_utec.adapters.sqlite.rows import from_us
from alerta_utec.domain.errors import Conflict
from alerta_utec.notifications.record import Notice, Result
from alerta_utec.notifications.throttle import Gate


def read_gate(connection: sqlite3.Connection, recipient: str) -> Gate:
    """The recipient's gate; a new one where there is none."""
    row = connection.execute(
        "SELECT version, state FROM gates WHERE recipient = ?", (recipient,)
    ).fetchone()
    return Gate() if row is None else Gate.from_json(json.loads(row[1]), row[0])


def save_gate(connection: sqlite3.Connection, recipient: str, gate: Gate) -> None:
    """Keep the gate with the next version, in the transaction of the connection.

    Raises:
        Conflict: what is kept is not at the gate's version.
    """
    state = json.dumps(gate.to_json())
    if gate.version:
        sql = (
            "UPDATE gates SET version = version + 1, state = ? WHERE recipient = ? AND version = ?"
        )
        saved = connection.execute(sql, (state, recipient, gate.version)).rowcount
    else:
        sql = "INSERT OR IGNORE INTO gates (recipient, version, state) VALUES (?, 1, ?)"
        saved = connection.execute(sql, (recipient, state)).rowcount
    if not saved:
        raise Conflict(recipient)


def notice_from(
    recipient: str,
    state: str,
    held_for: str | None,
    attempts: int,
    next_at_us: int | None,
    changed_at_us: int,
    reason: str | None,
    together: int,
) -> Notice:
    """What became of a notice; ``together``: how many changes its e-mail tells of."""
    at = from_us(changed_at_us)
    if state == "held":
        until = None if next_at_us is None else from_us(next_at_us)
        return Notice(recipient, "held", at, because=held_for, until=until)
    result = cast("Result", state)
    if state == "owed":
        result = "failed" if attempts else "pending"
    return Notice(
        recipient,
        result,
        at,
        because=reason,
        held=held_for,
        others=max(together - 1, 0),
        attempts=attempts,
    )
