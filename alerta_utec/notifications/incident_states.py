"""The earlier states of incidents, from their histories."""

from dataclasses import dataclass

from alerta_utec.domain.errors import NotFound
from alerta_utec.domain.incident import Incident
from alerta_utec.ports.incidents import IncidentStore


@dataclass(frozen=True)
class StatesFromHistory:
    """``IncidentStates`` of a store; the history is read only of what has changed since."""

    incidents: IncidentStore

    def before(self, incident_id: str, seq: int) -> Incident | None:
        try:
            incident = self.incidents.get(incident_id)
            if incident.seq < seq:
                return incident
            changes = self.incidents.history(incident_id)
        except NotFound:
            return None
        return next((one.after for one in reversed(changes) if one.after.seq < seq), None)
