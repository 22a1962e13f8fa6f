"""The ``KeyStore`` in SQLite, in the database of the incidents."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from pydantic_core import from_json, to_json

from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.rows import from_us, to_us
from alerta_utec.sign_in.key import Key


class SqliteKeys:
    """``KeyStore``; the time of the last use is a column of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Sequence[Key]:
        """See ``KeyStore``."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT record, last_used_at_us FROM access_keys ORDER BY created_at_us, key_id"
            ).fetchall()
        return [_key(*row) for row in rows]

    def get(self, key_id: str) -> Key | None:
        """See ``KeyStore``."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT record, last_used_at_us FROM access_keys WHERE key_id = ?", (key_id,)
            ).fetchone()
        return None if row is None else _key(*row)

    def add(self, key: Key) -> None:
        """See ``KeyStore``."""
        record = to_json(key.to_record()).decode()
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO access_keys (key_id, created_at_us, record) VALUES (?, ?, ?)",
                (key.key_id, to_us(key.created_at), record),
            )

    def delete(self, key_id: str) -> bool:
        """See ``KeyStore``."""
        with self._database.write() as connection:
            deleted = connection.execute("DELETE FROM access_keys WHERE key_id = ?", (key_id,))
            return deleted.rowcount == 1

    def set_last_used(self, key_id: str, at: datetime) -> None:
        """See ``KeyStore``."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE access_keys SET last_used_at_us = ? WHERE key_id = ?", (to_us(at), key_id)
            )


def _key(record: str, last_used_at_us: int | None) -> Key:
    key = Key.from_record(from_json(record))
    return key if last_used_at_us is None else replace(key, last_used_at=from_us(last_used_at_us))
