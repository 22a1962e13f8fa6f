"""Incidents that a data folder holds before its server starts, or gets while it is down."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from alerta_utec.adapters.clock import SystemClock
from alerta_utec.adapters.sqlite.data_folder import DataFolder
from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.incidents import SqliteIncidents
from alerta_utec.app.submit import Submit
from alerta_utec.domain.incident import Report
from alerta_utec.notifications.local.sqlite import SqliteNotifications


def store(data: Path, reports: Iterable[Mapping[str, Any]]) -> None:
    """Store reports without a server, through the service's own use case.

    Raises:
        DataRefused: a server has the folder.
    """
    with DataFolder.open(data) as folder, closing(Database(folder.database)) as database:
        incidents = SqliteIncidents(database, steps=[SqliteNotifications(database)])
        submit = Submit(incidents, SystemClock())
        for report in reports:
            submit.notify(Report.parse(dict(report)))
