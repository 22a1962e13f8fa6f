"""Best-effort recording of deliveries: a full or broken store never fails a delivery."""

import logging
from dataclasses import dataclass

from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports.deliveries import Deliveries

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recorder:
    """A front of ``Deliveries`` that logs ``Unavailable`` instead of raising it."""

    deliveries: Deliveries

    def record(self, *deliveries: Delivery) -> None:
        """Record the deliveries, or log ``delivery_not_recorded``."""
        try:
            self.deliveries.record(deliveries)
        except Unavailable:
            incident_ids = ",".join(delivery.incident_id for delivery in deliveries)
            log.exception("delivery_not_recorded", extra={"incident_ids": incident_ids})
