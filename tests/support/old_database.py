"""A database file as an earlier version of the service left it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from alerta_utec.adapters.sqlite.schema import MIGRATIONS
from alerta_utec.domain.folding import fold


def downgrade(path: Path, version: int) -> None:
    """Replace a closed file by one of schema ``version`` that holds what that version can hold."""
    new = path.rename(path.with_name(f"{path.name}.new"))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.create_function("fold", 1, fold)
        for migration in MIGRATIONS[:version]:
            connection.executescript(migration)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("ATTACH ? AS new", (str(new),))
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
            columns = ", ".join(_columns(connection, table))
            connection.execute(f"DELETE FROM main.{table}")  # noqa: S608 (names of the schema)
            connection.execute(
                f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}"  # noqa: S608
            )
    new.unlink()


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]
