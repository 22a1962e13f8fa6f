"""The tables' names and shapes, where the adapters meet what is deployed."""

from dataclasses import dataclass

FEED = "main"
BY_STATUS = "byStatus"
BY_INCIDENT = "byIncident"


@dataclass(frozen=True, slots=True)
class IncidentTables:
    """Names of the tables that hold incidents.

    - ``incidents``: key ``incidentId``; index ``byStatus`` on ``status``, ``createdSeq`` (N).
    - ``changes``: key ``feed``, ``seq`` (N); index ``byIncident`` on ``incidentId``,
      ``revision`` (N). Changes are at feed ``main``; the counter (``epoch``, ``last``) is the
      item at feed ``main#counter``, seq 0, so a stream's filter selects on ``feed``.
    - ``keys``: key ``key``; TTL attribute ``expiresAt``.

    Both indexes project everything.
    """

    incidents: str
    changes: str
    keys: str
