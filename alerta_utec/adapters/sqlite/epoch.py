"""The epoch of a data folder: its position, and a new one for a past that changed unnoticed."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from alerta_utec.adapters.sqlite import schema
from alerta_utec.adapters.sqlite.data_folder import DATABASE_NAME, DataFolder
from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.errors import DataRefused
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import Unavailable

log = logging.getLogger(__name__)


def begin_epoch(data: Path) -> str:
    """Begin a new epoch in the folder ``data``, and return its name.

    Nothing that is stored changes. Clients whose position is of an earlier epoch get a snapshot.

    Raises:
        DataRefused: there is no database, it cannot be used, or a server uses the folder.
    """
    if not data.is_dir():
        raise DataRefused(f"No hay ninguna base de datos en {data}.")
    with DataFolder.open(data) as folder:
        if not folder.database.is_file():
            raise DataRefused(f"No hay ninguna base de datos en {data}.")
        try:
            with closing(Database(folder.database)) as database, database.write() as connection:
                epoch = schema.begin_epoch(connection)
        except Unavailable as error:
            raise DataRefused(f"No se pudo empezar otra época: {error}.") from error
    log.info("new_epoch", extra={"reason": "command"})
    return epoch


def position(data: Path) -> Position:
    """Return the position of the last change in the folder ``data``, also while it is served.

    Raises:
        DataRefused: there is no database, or it cannot be read.
    """
    database = data / DATABASE_NAME
    if not database.is_file():
        raise DataRefused(f"No hay ninguna base de datos en {data}.")
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as one:
            schema.check(one, str(database))
            epoch, seq = one.execute("SELECT epoch, seq FROM feed").fetchone()
    except sqlite3.Error as error:
        raise DataRefused(f"No se pudo leer {database}: {error}.") from error
    return Position(epoch, seq)
