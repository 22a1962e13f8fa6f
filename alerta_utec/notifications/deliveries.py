"""The record of what was sent, that of e-mails included, on one machine."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerta_utec.domain.delivery import Delivery, latest
from alerta_utec.notifications.ports import Notices
from alerta_utec.ports import Deliveries


@dataclass(frozen=True)
class WithNotices:
    """``Deliveries`` together with what the ``notices`` themselves tell, which is never behind."""

    deliveries: Deliveries
    notices: Notices

    def record(self, deliveries: Sequence[Delivery]) -> None:
        self.deliveries.record(deliveries)

    def for_incident(self, incident_id: str) -> Sequence[Delivery]:
        return latest(
            [*self.deliveries.for_incident(incident_id), *self.notices.for_incident(incident_id)]
        )
