"""Keeping the record of what was sent, without holding up the sending."""

import logging
from dataclasses import dataclass

from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports import Deliveries

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recorder:
    """Records deliveries, best effort: one that cannot be recorded has been made all the same."""

    deliveries: Deliveries

    def __call__(self, *deliveries: Delivery) -> None:
        """Record them, or say in the log that they could not be recorded."""
        try:
            self.deliveries.record(deliveries)
        except Unavailable:
            incident_ids = ",".join(delivery.incident_id for delivery in deliveries)
            log.exception("delivery_not_recorded", extra={"incident_ids": incident_ids})
