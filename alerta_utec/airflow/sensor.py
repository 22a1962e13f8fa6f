"""A task that waits for an incident: until it is attended to, until it is resolved."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseSensorOperator, Context, PokeReturnValue
from airflow.sdk.exceptions import AirflowFailException

from alerta_utec.airflow.hook import DEFAULT_CONN, AlertaUtecHook, fail
from alerta_utec.airflow.trigger import AlertaUtecIncidentTrigger, reached
from alerta_utec.domain.values import Status, parse_choice


class AlertaUtecIncidentSensor(BaseSensorOperator):
    """Wait until the incident reaches a status; the XCom is the incident then.

    ``status``: one, or several any of which will do. One that it was in only for a moment counts
    too, if that was after ``since_revision``: without it, after the sensor began.

    It waits in the triggerer and asks every ``poke_interval`` seconds; with ``deferrable=False``,
    or in a deployment without a triggerer, in a worker as other sensors do.
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
        """Look once, and then wait."""
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
        """Look."""
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
        """Go on with what the trigger has found."""
        if "error" in event:
            raise AirflowFailException(f"Alerta UTEC no deja mirar: {event['error']}")
        return event["incident"]

    @property
    def _statuses(self) -> list[str]:
        asked = [self.status] if isinstance(self.status, str) else self.status
        return [status_of(each) for each in asked]


def status_of(text: str) -> str:
    """The status that a person meant.

    Raises:
        ValueError: there is none of that name.
    """
    status = parse_choice(Status, text)
    if status is None:
        raise ValueError(f"«{text}» no es un estado: {', '.join(Status)}")
    return status.value
