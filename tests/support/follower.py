"""A client that resumes: it keeps what it received and asks for what it missed."""

from dataclasses import dataclass, field
from typing import Any

from tests.support.load import Frame, Talker


@dataclass
class View:
    """The state of a client across its connections, by the rules of docs/protocol.md.

    ``position`` is the last one up to which it has everything; later changes that are held
    already are in ``ahead``. ``repeats`` counts changes that one connection delivered twice.
    """

    incidents: dict[str, dict[str, Any]] = field(default_factory=dict)
    position: str | None = None
    resets: int = 0
    repeats: int = 0
    ahead: set[int] = field(default_factory=set)
    told: set[tuple[str, int]] = field(default_factory=set)

    def begin(self) -> None:
        """Begin a new connection."""
        self.told.clear()

    def hear(self, frame: Frame) -> None:
        """Apply a frame that answers no request."""
        if frame.get("type") != "incident_update":
            return
        incident = frame["incident"]
        revision = (incident["incidentId"], incident["revision"])
        self.repeats += revision in self.told
        self.told.add(revision)
        self._keep(incident)
        epoch, _, seq = frame["position"].rpartition(":")
        if self.position is not None and self.position.startswith(f"{epoch}:"):
            self.ahead.add(int(seq))
            self._advance(epoch)

    def take(self, page: Frame) -> dict[str, Any] | None:
        """Apply a page of ``sync`` and return the request for the next, if there is one."""
        if page["reset"]:
            self.resets += 1
            self._forget(page["position"])
        for incident in page["incidents"]:
            self._keep(incident)
        if "cursor" in page:
            return {"action": "sync", "cursor": page["cursor"]}
        self.position = page["position"]
        self._advance(self.position.rpartition(":")[0])
        return {"action": "sync", "since": self.position} if page["more"] else None

    def _forget(self, position: str) -> None:
        """Forget everything but what this connection delivered since the snapshot."""
        seq = position.rpartition(":")[2]
        self.incidents = {
            name: held
            for name, held in self.incidents.items()
            if (name, held["revision"]) in self.told and held["seq"] > int(seq)
        }
        self.ahead = {held["seq"] for held in self.incidents.values()}

    def _keep(self, incident: dict[str, Any]) -> None:
        held = self.incidents.get(incident["incidentId"])
        if held is None or held["revision"] < incident["revision"]:
            self.incidents[incident["incidentId"]] = incident

    def _advance(self, epoch: str) -> None:
        assert self.position is not None
        seq = int(self.position.rpartition(":")[2])
        while seq + 1 in self.ahead:
            seq += 1
        self.ahead = {later for later in self.ahead if later > seq}
        self.position = f"{epoch}:{seq}"


async def follow(port: int, view: View) -> Talker:
    """Connect and catch up from the position of ``view``; then apply every broadcast.

    Raises:
        Lost: the server went away meanwhile; what has come is kept.
    """
    view.begin()
    client = await Talker(view.hear).open(port)
    asked: dict[str, Any] | None = {"action": "sync"}
    if view.position is not None:
        asked = {"action": "sync", "since": view.position}
    while asked is not None:
        asked = view.take(await client.request(asked))
    return client
