"""A callback that reports a failure in Airflow as an incident."""

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier, Context

from alerta_utec.airflow.callback_context import CallbackContext
from alerta_utec.airflow.hook import DEFAULT_CONN, AlertaUtecHook, explained, http

if TYPE_CHECKING:
    from alerta_utec.client import ClientError

_REASON_MAX_CHARS = 3000
_LOCATION_MAX_CHARS = 120


class AlertaUtecNotifier(BaseNotifier):
    """``on_failure_callback=AlertaUtecNotifier(urgency="high", location="Centro de datos")``

    The default ``location`` is the DAG's name; the default ``description`` names the failed task
    and the reason. ``extra``: further fields.

    The idempotency key consists of the DAG, the run, the task, the map index, the attempt and this
    notifier's arguments: a callback that runs twice reports one incident, and two notifiers of one
    task report two.

    An error is logged in the task's log and raised; Airflow ignores it and continues.
    """

    template_fields: Sequence[str] = (
        "type",
        "location",
        "urgency",
        "description",
        "extra",
        "idempotency_key",
    )

    def __init__(
        self,
        *,
        type: str = "fallo en Airflow",
        location: str | None = None,
        urgency: str = "medium",
        description: str | None = None,
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
        self.extra = extra
        self.idempotency_key = idempotency_key
        self.alerta_utec_conn_id = alerta_utec_conn_id
        # The templates, not the rendered texts: an exception's text may differ the second time.
        self._key_parts = [type, location, urgency, description, dict(extra or {})]

    def __call__(self, *args: Any) -> None:
        """Report from a copy: rendering changes the object, which many tasks may share."""
        super(AlertaUtecNotifier, copy.copy(self)).__call__(*args)

    def notify(self, context: Context) -> None:
        """Report from a worker or the DAG processor."""
        from alerta_utec.client import ClientError

        incident, key = self._report(context)
        try:
            with self._hook.get_conn() as alerta:
                ack = alerta.notify(incident, idempotency_key=key)
        except (ClientError, ValueError) as error:
            self._handle_failure(error, key)
        else:
            self._log_reported(ack.incident_id, ack.duplicate)

    async def async_notify(self, context: Context) -> None:
        """Report from the triggerer."""
        from alerta_utec.client import ClientError

        incident, key = self._report(context)
        try:
            settings = await self._hook.asettings()
            async with http(settings) as alerta:
                ack = await alerta.notify(
                    incident, idempotency_key=key, patience_s=settings.patience_s
                )
        except (ClientError, ValueError) as error:
            self._handle_failure(error, key)
        else:
            self._log_reported(ack["incidentId"], ack["duplicate"])

    @property
    def _hook(self) -> AlertaUtecHook:
        return AlertaUtecHook(self.alerta_utec_conn_id)

    def _report(self, context: Context) -> tuple[dict[str, Any], str | None]:
        """Return the incident and its idempotency key."""
        about = CallbackContext.from_airflow(context)
        dag_id = "desconocido" if about is None else about.dag_id
        fields = {
            "type": self.type,
            "location": self.location or f"Airflow, DAG {dag_id}"[:_LOCATION_MAX_CHARS],
            "urgency": self.urgency,
            "description": self.description or _description(about, context),
        }
        key = self.idempotency_key or (about and about.key(self._key_parts))
        return {**(self.extra or {}), **fields}, key or None

    def _log_reported(self, incident_id: str, duplicate: bool) -> None:
        outcome = "ya estaba avisado" if duplicate else "avisado"
        self.log.info("Alerta UTEC: incidente %s %s.", incident_id, outcome)

    def _handle_failure(self, error: "ClientError | ValueError", key: str | None) -> None:
        from alerta_utec.client import Refused

        if isinstance(error, Refused) and error.code == "conflict":
            # The same event was reported with another text: keep the first report.
            self.log.info("Alerta UTEC: ya estaba avisado, con otro texto (clave %s).", key)
            return
        self.log.error("Alerta UTEC no recibió el aviso (clave %s): %s", key, explained(error))
        raise error


def _description(about: CallbackContext | None, context: Context) -> str:
    reason = context.get("exception") or context.get("reason")
    return "\n".join(
        [str(about or "Airflow no dice de qué se trata."), str(reason or "")[:_REASON_MAX_CHARS]]
    ).strip()
