"""The names and keys of the tables, as serverless.yml makes them."""

from dataclasses import dataclass

FEED = "main"
BY_STATUS = "byStatus"
BY_INCIDENT = "byIncident"


@dataclass(frozen=True, slots=True)
class IncidentTables:
    """The names of the tables of incidents.

    - ``incidents``: key ``incidentId``; index ``byStatus`` on ``status``, ``createdSeq`` (N).
    - ``changes``: key ``feed``, ``seq`` (N); index ``byIncident`` on ``incidentId``,
      ``revision`` (N). Changes are at feed ``main``; the counter (``epoch``, ``last``) is the
      item at feed ``main#counter``, seq 0, so a stream's filter selects on ``feed``.
    - ``keys``: key ``key``; TTL attribute ``expiresAt``.
    - ``inbox``: key ``feed``, ``row``; TTL attribute ``expiresAt``. Changes that wait to be
      committed together, the oldest first.

    Both indexes project everything.
    """

    incidents: str
    changes: str
    keys: str
    inbox: str
