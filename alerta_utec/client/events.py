"""What a follower of the feed is told: incidents, and how the connection fares."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alerta_utec import wire
from alerta_utec.client.errors import ClientError, NotUnderstood
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import AlertaError
from alerta_utec.domain.incident import Incident


@dataclass(frozen=True, slots=True)
class Update:
    """An incident as it is after a change, and the change's place in the feed.

    ``text`` is the ``incident_update`` frame; ``recovered``: it was missed, and fetched later.
    """

    incident: Incident
    position: Position
    text: str
    recovered: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """Forget every incident: what comes from here on is a fresh snapshot.

    It comes first where a follower begins without a position, and later only where the
    service does not know the position that the follower had (its store was restored).
    """

    position: Position


@dataclass(frozen=True, slots=True)
class Connected:
    """There is a connection; ``again``: after one that was lost."""

    again: bool


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """Nothing is missing up to now.

    It comes after every ``Connected``, and where something was missed in between.
    ``recovered`` updates had been missed; ``again`` as in ``Connected``, none in between.
    """

    recovered: int
    again: bool | None


@dataclass(frozen=True, slots=True)
class Renewed:
    """A new connection has taken over from one that was near its end; nothing was missed."""


@dataclass(frozen=True, slots=True)
class Lost:
    """There is no connection; the next attempt is in ``retry_in_s``."""

    error: ClientError
    retry_in_s: float


Status = Connected | CaughtUp | Renewed | Lost
Event = Update | Reset | Status


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to ``sync``."""

    updates: tuple[Update, ...]
    position: Position
    more: bool
    reset: bool
    cursor: str | None

    @classmethod
    def from_frame(cls, frame: Mapping[str, Any]) -> "Page":
        """The page in a frame.

        Raises:
            NotUnderstood: it is something else.
        """
        try:
            position = Position.parse(frame.get("position"))
            updates = tuple(_recovered(incident, position) for incident in frame["incidents"])
        except (KeyError, TypeError, ValueError, AlertaError) as error:
            raise NotUnderstood("no page") from error
        cursor = frame.get("cursor")
        return cls(
            updates,
            position,
            more=frame.get("more") is True,
            reset=frame.get("reset") is True,
            cursor=cursor if isinstance(cursor, str) else None,
        )


def broadcast(frame: Mapping[str, Any], text: str) -> Update:
    """The update in an ``incident_update`` frame.

    Raises:
        ValueError, AlertaError: it is something else.
    """
    incident = Incident.from_json(frame.get("incident") or {})
    return Update(incident, Position.parse(frame.get("position")), text)


def _recovered(state: Mapping[str, Any], page: Position) -> Update:
    incident = Incident.from_json(state)
    position = Position(page.epoch, incident.seq)
    frame = {"type": "incident_update", "incident": state, "position": str(position)}
    return Update(incident, position, wire.encode(frame), recovered=True)
