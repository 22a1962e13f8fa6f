"""The earlier states of incidents, from their histories."""

from dataclasses import dataclass

from alerta_utec.app.history import changes_back_from
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
            changes = changes_back_from(self.incidents, incident_id, incident.revision)
            return next((one.after for one in changes if one.after.seq < seq), None)
        except NotFound:
            return None
