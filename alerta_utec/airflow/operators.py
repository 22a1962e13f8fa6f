"""Tasks that report an incident, or move one on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from alerta_utec.airflow.callback_context import Occasion
from alerta_utec.airflow.hook import DEFAULT_CONN, AlertaUtecHook, fail


class AlertaUtecNotifyOperator(BaseOperator):
    """Report an incident; the XCom is ``{incident_id, seq, revision, duplicate}``.

    ``extra``: further fields. Without ``idempotency_key`` the key is made of the run, the
    task and the incident, so that a task that is tried or cleared again reports it once.
    What the service refuses fails the task without another try.
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
        """Report it."""
        from alerta_utec.client import Refused

        incident = self._incident()
        key = self.idempotency_key or _key(context, incident)
        try:
            with AlertaUtecHook(self.alerta_utec_conn_id).get_conn() as alerta:
                ack = alerta.notify(incident, idempotency_key=key)
        except Refused as error:
            fail(error)
        told = "ya estaba avisado" if ack.duplicate else "avisado"
        self.log.info("Incidente %s %s (seq %d).", ack.incident_id, told, ack.seq)
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
    """Move an incident on; the XCom is ``{incident_id, seq, revision, duplicate}``.

    With ``revision`` only if the incident is still at that one. Where it is not, the task
    fails, or with ``skip_on_conflict`` is skipped: somebody else was faster.
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
        """Move it on."""
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
    """A key that is the same for each try of a task that reports the same."""
    occasion = Occasion.of(context)
    return None if occasion is None else replace(occasion, try_number=0).key(incident)
