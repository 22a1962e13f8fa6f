"""The beginning of a new epoch by hand, for a feed whose past has changed unnoticed."""

import logging
from contextlib import closing
from pathlib import Path

from alerta_utec.adapters.sqlite import schema
from alerta_utec.adapters.sqlite.data_folder import DataFolder
from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.errors import DataRefused
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
