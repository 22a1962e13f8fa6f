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

    def __call__(self, delivery: Delivery) -> None:
        """Record it, or say in the log that it could not be recorded."""
        try:
            self.deliveries.record([delivery])
        except Unavailable:
            log.exception("delivery_not_recorded", extra={"incident_id": delivery.incident_id})
