"""The trigger: it waits in the triggerer until an incident reaches a status."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from alerta_utec.airflow.hook import AlertaUtecHook, explained, http


class AlertaUtecIncidentTrigger(BaseTrigger):
    """A trigger that fires ``{"incident": …}`` once the incident has reached one of ``statuses``.

    It keeps polling while the service is unavailable; if the service refuses, it fires
    ``{"error": …}``.
    """

    def __init__(
        self,
        *,
        incident_id: str,
        statuses: Sequence[str],
        since_revision: int,
        poll_interval_s: float,
        alerta_utec_conn_id: str,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.incident_id = incident_id
        self.statuses = list(statuses)
        self.since_revision = since_revision
        self.poll_interval_s = poll_interval_s
        self.alerta_utec_conn_id = alerta_utec_conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class's path and its arguments."""
        names = (
            "incident_id",
            "statuses",
            "since_revision",
            "poll_interval_s",
            "alerta_utec_conn_id",
        )
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll until the incident has reached one of the statuses."""
        from alerta_utec.client import ClientError

        settings = await AlertaUtecHook(self.alerta_utec_conn_id).asettings()
        async with http(settings) as alerta:
            while True:
                try:
                    record = await alerta.incident(self.incident_id)
                except ClientError as error:
                    if not error.retryable:
                        yield TriggerEvent({"error": explained(error)})
                        return
                    self.log.warning("Alerta UTEC no responde, se insiste: %s", explained(error))
                else:
                    incident = record["incident"]
                    if reached(incident, record["history"], self.statuses, self.since_revision):
                        yield TriggerEvent({"incident": incident})
                        return
                await asyncio.sleep(self.poll_interval_s)


def reached(
    incident: Mapping[str, Any],
    history: Iterable[Mapping[str, Any]],
    statuses: Sequence[str],
    since_revision: int,
) -> bool:
    """Return whether the incident has one of ``statuses``, or had one after ``since_revision``."""
    return incident["status"] in statuses or any(
        step["change"]["status"][1] in statuses
        for step in history
        if step["revision"] > since_revision and "status" in step["change"]
    )
