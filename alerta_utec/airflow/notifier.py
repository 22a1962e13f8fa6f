"""A callback that reports what went wrong in Airflow as an incident."""

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier, Context

from alerta_utec.airflow.callback_context import Occasion
from alerta_utec.airflow.hook import DEFAULT_CONN, AlertaUtecHook, explained, http

if TYPE_CHECKING:
    from alerta_utec.client import ClientError

_REASON_MAX_CHARS = 3000
_LOCATION_MAX_CHARS = 120


class AlertaUtecNotifier(BaseNotifier):
    """``on_failure_callback=AlertaUtecNotifier(urgency="high", location="Centro de datos")``

    Without ``location`` the incident's place is the DAG; without ``description`` it says what
    failed, and why. ``extra``: further fields.

    The idempotency key is made of the DAG, the run, the task, the map index and the try, and of
    this notifier's own arguments: a callback that is run twice reports one incident, two
    notifiers of one task two.

    A failure is written to the task's log, and raised: Airflow carries on all the same.
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
        # As written, not as rendered: an exception's text may not be the same the second time.
        self._own = [type, location, urgency, description, dict(extra or {})]

    def __call__(self, *args: Any) -> None:
        """Report; rendering happens in a copy, since one notifier may serve many tasks."""
        super(AlertaUtecNotifier, copy.copy(self)).__call__(*args)

    def notify(self, context: Context) -> None:
        """Report, from a worker or the DAG processor."""
        from alerta_utec.client import ClientError

        incident, key = self._report(context)
        try:
            with self._hook.get_conn() as alerta:
                ack = alerta.notify(incident, idempotency_key=key)
        except (ClientError, ValueError) as error:
            self._failed(error, key)
        else:
            self._told(ack.incident_id, ack.duplicate)

    async def async_notify(self, context: Context) -> None:
        """Report, from the triggerer."""
        from alerta_utec.client import ClientError

        incident, key = self._report(context)
        try:
            settings = await self._hook.asettings()
            async with http(settings) as alerta:
                ack = await alerta.notify(
                    incident, idempotency_key=key, patience_s=settings.patience_s
                )
        except (ClientError, ValueError) as error:
            self._failed(error, key)
        else:
            self._told(ack["incidentId"], ack["duplicate"])

    @property
    def _hook(self) -> AlertaUtecHook:
        return AlertaUtecHook(self.alerta_utec_conn_id)

    def _report(self, context: Context) -> tuple[dict[str, Any], str | None]:
        """The incident, and its key."""
        occasion = Occasion.of(context)
        dag_id = "desconocido" if occasion is None else occasion.dag_id
        fields = {
            "type": self.type,
            "location": self.location or f"Airflow, DAG {dag_id}"[:_LOCATION_MAX_CHARS],
            "urgency": self.urgency,
            "description": self.description or _described(occasion, context),
        }
        key = self.idempotency_key or (occasion and occasion.key(self._own))
        return {**(self.extra or {}), **fields}, key or None

    def _told(self, incident_id: str, duplicate: bool) -> None:
        told = "ya estaba avisado" if duplicate else "avisado"
        self.log.info("Alerta UTEC: incidente %s %s.", incident_id, told)

    def _failed(self, error: "ClientError | ValueError", key: str | None) -> None:
        from alerta_utec.client import Refused

        if isinstance(error, Refused) and error.code == "conflict":
            # The same occasion told in other words: the first telling stands.
            self.log.info("Alerta UTEC: ya estaba avisado, con otro texto (clave %s).", key)
            return
        self.log.error("Alerta UTEC no recibió el aviso (clave %s): %s", key, explained(error))
        raise error


def _described(occasion: Occasion | None, context: Context) -> str:
    why = context.get("exception") or context.get("reason")
    return "\n".join(
        [str(occasion or "Airflow no dice de qué se trata."), str(why or "")[:_REASON_MAX_CHARS]]
    ).strip()
