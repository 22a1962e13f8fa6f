"""Any changes and any listeners, and what each listener must get of them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import strategies as st

from alerta_utec.app.update_frames import FRAME_MAX_BYTES
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.policy import Identity, Role
from alerta_utec.domain.subprotocol import Subprotocol
from alerta_utec.domain.values import Status, Urgency
from alerta_utec.ports.connections import Connection
from tests.contract.builders import T0, creation, update

EPOCH = "0a1b2c3d4e5f"
PLACES = ("Patio", "Cocina", "Laboratorio A")
# With the rest of its incident: 24, 12 and 0.4 KB.
DESCRIPTIONS = ("\N{FIRE}" * 4000, "ñ" * 4000, "corto", "")


@dataclass(frozen=True)
class Listener:
    """A client that is connected while changes are broadcast."""

    filter: Filter = EVERYTHING
    role: Role = Role.ESTUDIANTE
    subprotocol: Subprotocol | None = None

    def connection(self, name: str, opened: datetime = T0) -> Connection:
        """Return its stored connection, which is younger than two hours."""
        return Connection(
            name,
            opened,
            opened + timedelta(hours=2),
            identity=Identity(name, self.role),
            filter=self.filter,
            subprotocol=self.subprotocol,
        )

    def expected(self, changes: Sequence[Change]) -> list[int]:
        """Return the ``seq`` of each change that it must get, in their order."""
        return [change.after.seq for change in changes if self.filter.concerns(change)]

    def seqs_in(self, frames: Iterable[str]) -> list[int]:
        """Return the ``seq`` of each change in the frames that it got; check their form."""
        seqs = []
        for text in frames:
            frame = json.loads(text)
            incidents = self._incidents(frame, len(text.encode()))
            own = [incident["seq"] for incident in incidents]
            assert frame["position"] == f"{EPOCH}:{own[-1]}"
            for incident in incidents:
                assert ("reportedBy" in incident) == (self.role is not Role.ESTUDIANTE)
            seqs += own
        return seqs

    def _incidents(self, frame: dict[str, object], size: int) -> list[dict[str, object]]:
        if frame["type"] == "incident_update":
            assert set(frame) == {"type", "incident", "position"}
            one = frame["incident"]
            assert isinstance(one, dict)
            return [one]
        assert set(frame) == {"type", "incidents", "position"}
        assert frame["type"] == "incident_updates"
        assert self.subprotocol is Subprotocol.V2
        several = frame["incidents"]
        assert isinstance(several, list)
        assert len(several) > 1
        assert size <= FRAME_MAX_BYTES
        return several


_filters = st.builds(
    Filter,
    urgency=st.frozensets(st.sampled_from([str(one) for one in Urgency]), max_size=2),
    status=st.frozensets(st.sampled_from([str(one) for one in Status]), max_size=2),
    location=st.frozensets(st.sampled_from([place.casefold() for place in PLACES]), max_size=2),
)
listeners = st.builds(
    Listener,
    filter=st.just(EVERYTHING) | _filters,
    role=st.sampled_from(Role),
    subprotocol=st.sampled_from([None, *Subprotocol]),
)


@st.composite
def batches(draw: st.DrawFn, *, max_size: int = 25) -> Sequence[Change]:
    """Generate consecutive changes: reports, and updates of incidents among them."""
    seq = draw(st.integers(1, 10**9))
    made: list[Change] = []
    for _ in range(draw(st.integers(1, max_size))):
        change = draw(_reports())
        if made and draw(st.booleans()):
            before = draw(st.sampled_from(made)).after
            latest = max(
                (one.after for one in made if one.incident_id == before.incident_id),
                key=lambda incident: incident.revision,
            )
            change = update(latest, status=draw(st.sampled_from(Status)), by="rosa")
        made.append(change.committed(Position(EPOCH, seq + len(made))))
    return made


@st.composite
def _reports(draw: st.DrawFn) -> Change:
    return creation(
        user="rosa",
        location=draw(st.sampled_from(PLACES)),
        urgency=str(draw(st.sampled_from(Urgency))),
        description=draw(st.sampled_from(DESCRIPTIONS)),
    )
