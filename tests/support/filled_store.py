"""A data folder with many incidents, written without the service."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from alerta_utec.adapters.sqlite.data_folder import DataFolder
from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.incidents import SqliteIncidents
from alerta_utec.domain.change import Change


def fill_store(data: Path, changes: Iterable[Change]) -> None:
    """Commit the changes to a new data folder, in their order."""
    with DataFolder.open(data) as folder, closing(Database(folder.database, durable=False)) as file:
        store = SqliteIncidents(file)
        for change in changes:
            store.commit(change)
