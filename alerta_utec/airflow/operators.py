"""The operators: tasks that report or update an incident."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from alerta_utec.airflow.callback_context import CallbackContext
from alerta_utec.airflow.hook import DEFAULT_CONN, AlertaUtecHook, fail


class AlertaUtecNotifyOperator(BaseOperator):
    """A task that reports an incident; its XCom is ``{incident_id, seq, revision, duplicate}``.

    ``extra``: further fields. The default ``idempotency_key`` consists of the run, the task and
    the incident, so that a task that is retried or cleared reports it once. If the service
    refuses, the task fails without a retry.
    """

    template_fields: Sequence[str] = (
        "type",
        "location",
        "urgency",
        "description",
        "status",
        "timestamp",
        "incident_id",
        "extra",
        "idempotency_key",
    )
    ui_color = "#fde2df"

    def __init__(
        self,
        *,
        type: str,
        location: str,
        urgency: str,
        description: str | None = None,
        status: str | None = None,
        timestamp: str | None = None,
        incident_id: str | None = None,
        drill: bool = False,
        extra: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        alerta_utec_conn_id: str = DEFAULT_CONN,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.type = type
        self.location = location
        self.urgency = urgency
        self.description = description
        self.status = status
        self.timestamp = timestamp
        self.incident_id = incident_id
        self.drill = drill
        self.extra = extra
        self.idempotency_key = idempotency_key
        self.alerta_utec_conn_id = alerta_utec_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Report the incident."""
        from alerta_utec.client import Refused

        incident = self._incident()
        key = self.idempotency_key or _key(context, incident)
        try:
            with AlertaUtecHook(self.alerta_utec_conn_id).get_conn() as alerta:
                ack = alerta.notify(incident, idempotency_key=key)
        except Refused as error:
            fail(error)
        outcome = "ya estaba avisado" if ack.duplicate else "avisado"
        self.log.info("Incidente %s %s (seq %d).", ack.incident_id, outcome, ack.seq)
        return asdict(ack)

    def _incident(self) -> dict[str, Any]:
        fields = {
            "type": self.type,
            "location": self.location,
            "urgency": self.urgency,
            "description": self.description,
            "status": self.status,
            "timestamp": self.timestamp,
            "incidentId": self.incident_id,
            "drill": self.drill or None,
        }
        given = {name: value for name, value in fields.items() if value is not None}
        return {**(self.extra or {}), **given}


class AlertaUtecUpdateOperator(BaseOperator):
    """A task that updates an incident; its XCom is ``{incident_id, seq, revision, duplicate}``.

    With ``revision``, the incident must still be at that revision. If another update came first,
    the task fails, or is skipped with ``skip_on_conflict``.
    """

    template_fields: Sequence[str] = ("incident_id", "status", "urgency", "note", "revision")
    ui_color = "#fde2df"

    def __init__(
        self,
        *,
        incident_id: str,
        status: str | None = None,
        urgency: str | None = None,
        note: str | None = None,
        revision: int | str | None = None,
        skip_on_conflict: bool = False,
        alerta_utec_conn_id: str = DEFAULT_CONN,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.incident_id = incident_id
        self.status = status
        self.urgency = urgency
        self.note = note
        self.revision = revision
        self.skip_on_conflict = skip_on_conflict
        self.alerta_utec_conn_id = alerta_utec_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Update the incident."""
        from alerta_utec.client import Refused

        try:
            with AlertaUtecHook(self.alerta_utec_conn_id).get_conn() as alerta:
                ack = alerta.update(
                    self.incident_id,
                    status=self.status,
                    urgency=self.urgency,
                    note=self.note,
                    revision=None if self.revision is None else int(self.revision),
                )
        except Refused as error:
            if error.code == "conflict" and self.skip_on_conflict:
                raise AirflowSkipException(
                    f"el incidente {self.incident_id} ya no está en la revisión {self.revision}"
                ) from error
            fail(error)
        self.log.info("Incidente %s en la revisión %d.", ack.incident_id, ack.revision)
        return asdict(ack)


def _key(context: Context, incident: Mapping[str, Any]) -> str | None:
    """Return a key that is equal for all attempts of a task to report this incident."""
    about = CallbackContext.from_airflow(context)
    return None if about is None else replace(about, try_number=0).key(incident)
