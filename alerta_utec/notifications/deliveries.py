"""The record of all deliveries on one machine, those of notifications included."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerta_utec.domain.delivery import Delivery, latest
from alerta_utec.notifications.ports import NotificationStore
from alerta_utec.ports.deliveries import Deliveries


@dataclass(frozen=True)
class CombinedDeliveries:
    """``Deliveries`` joined with the state of ``notifications``, which is always up to date."""

    deliveries: Deliveries
    notifications: NotificationStore

    def record(self, deliveries: Sequence[Delivery]) -> None:
        self.deliveries.record(deliveries)

    def for_incident(self, incident_id: str, revisions: range | None = None) -> Sequence[Delivery]:
        own = self.notifications.for_incident(incident_id, revisions)
        return latest([*self.deliveries.for_incident(incident_id, revisions), *own])
