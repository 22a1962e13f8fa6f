"""The sensor: a task that waits until an incident reaches a status."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseSensorOperator, Context, PokeReturnValue
from airflow.sdk.exceptions import AirflowFailException

from alerta_utec.airflow.hook import DEFAULT_CONN, AlertaUtecHook, fail
from alerta_utec.airflow.trigger import AlertaUtecIncidentTrigger, reached
from alerta_utec.domain.values import Status, parse_choice


class AlertaUtecIncidentSensor(BaseSensorOperator):
    """A task that waits until an incident reaches a status; its XCom is the incident.

    ``status``: one status, or several of which any suffices. A status that the incident has left
    again counts too if it was reached after ``since_revision`` (default: the revision that the
    sensor sees first).

    The sensor waits in the triggerer and polls every ``poke_interval`` seconds. With
    ``deferrable=False``, for a deployment without a triggerer, it waits in a worker.
    """

    template_fields: Sequence[str] = ("incident_id", "status", "since_revision")
    ui_color = "#fff3d6"

    def __init__(
        self,
        *,
        incident_id: str,
        status: str | Sequence[str] = "resuelto",
        since_revision: int | str | None = None,
        poke_interval: timedelta | float = 10,
        deferrable: bool = True,
        alerta_utec_conn_id: str = DEFAULT_CONN,
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=poke_interval, **kwargs)
        self.incident_id = incident_id
        self.status = status
        self.since_revision = since_revision
        self.deferrable = deferrable
        self.alerta_utec_conn_id = alerta_utec_conn_id

    def execute(self, context: Context) -> Any:
        """Check once, and defer to the trigger if the status is not reached."""
        if not self.deferrable:
            return super().execute(context)
        now = self.poke(context)
        if now.is_done:
            return now.xcom_value
        return self.defer(
            trigger=AlertaUtecIncidentTrigger(
                incident_id=self.incident_id,
                statuses=self._statuses,
                since_revision=int(self.since_revision or 0),
                poll_interval_s=self.poke_interval,
                alerta_utec_conn_id=self.alerta_utec_conn_id,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def poke(self, context: Context) -> PokeReturnValue:
        """Check whether the status is reached."""
        from alerta_utec.client import Refused

        try:
            with AlertaUtecHook(self.alerta_utec_conn_id).get_conn() as alerta:
                record = alerta.incident(self.incident_id)
        except Refused as error:
            fail(error)
        incident = record.incident.to_json(private=True)
        if self.since_revision is None:
            self.since_revision = record.incident.revision
        done = reached(incident, record.history, self._statuses, int(self.since_revision))
        return PokeReturnValue(done, incident if done else None)

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> Any:
        """Return the incident that the trigger found, or fail with its error."""
        if "error" in event:
            raise AirflowFailException(f"Alerta UTEC no deja mirar: {event['error']}")
        return event["incident"]

    @property
    def _statuses(self) -> list[str]:
        asked = [self.status] if isinstance(self.status, str) else self.status
        return [status_of(each) for each in asked]


def status_of(text: str) -> str:
    """Parse a status, in any spelling that the service accepts.

    Raises:
        ValueError: the text is not a status.
    """
    status = parse_choice(Status, text)
    if status is None:
        raise ValueError(f"«{text}» no es un estado: {', '.join(Status)}")
    return status.value
