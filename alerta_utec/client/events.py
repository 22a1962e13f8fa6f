"""The events that the client yields: updates of incidents and the connection's status."""

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
    """An incident after a change, with the change's position in the feed.

    ``text`` is its ``incident_update`` frame, also where it came with others; ``recovered``: the
    broadcast was missed, and the client fetched the update later.
    """

    incident: Incident
    position: Position
    text: str
    recovered: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """The start of a new snapshot: the reader must forget every incident.

    It is the first event of a client that starts without a position. Later it occurs only if the
    service does not know the client's position, because its store was restored.
    """

    position: Position


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection is open; ``again``: an earlier one had been lost."""

    again: bool


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """The client has every update up to now.

    It follows every ``Connected``, and every gap that the client filled on the same connection.
    ``recovered``: the number of updates that had been missed. ``again``: as in ``Connected``;
    ``None`` after a gap.
    """

    recovered: int
    again: bool | None


@dataclass(frozen=True, slots=True)
class Renewed:
    """A new connection has replaced one that was near its end; no update was missed."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection failed; the next attempt starts in ``retry_in_s``."""

    error: ClientError
    retry_in_s: float


Status = Connected | CaughtUp | Renewed | Lost
Event = Update | Reset | Status


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the answer to ``sync``."""

    updates: tuple[Update, ...]
    position: Position
    more: bool
    reset: bool
    cursor: str | None

    @classmethod
    def from_frame(cls, frame: Mapping[str, Any]) -> "Page":
        """Parse a frame as a page.

        Raises:
            NotUnderstood: the frame is not a page.
        """
        try:
            position = Position.parse(frame.get("position"))
            updates = tuple(
                _placed(incident, position.epoch, recovered=True) for incident in frame["incidents"]
            )
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


def parse_broadcast(frame: Mapping[str, Any], text: str) -> Update:
    """Parse an ``incident_update`` frame, whose text is ``text``.

    Raises:
        ValueError, AlertaError: the frame is not an ``incident_update``.
    """
    incident = Incident.from_json(frame.get("incident") or {})
    return Update(incident, Position.parse(frame.get("position")), text)


def parse_broadcasts(frame: Mapping[str, Any]) -> tuple[Update, ...]:
    """Parse an ``incident_updates`` frame: its changes in their order.

    Raises:
        KeyError, TypeError, ValueError, AlertaError: the frame is not an ``incident_updates``.
    """
    last = Position.parse(frame.get("position"))
    return tuple(_placed(state, last.epoch) for state in frame["incidents"])


def parse_interval_s(value: object) -> float | None:
    """Parse the interval of the heartbeat; ``None``: there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if value > 0 else None


def _placed(state: Mapping[str, Any], epoch: str, *, recovered: bool = False) -> Update:
    """Parse an incident of a list whose epoch is stated once, as if it had come alone."""
    incident = Incident.from_json(state)
    position = Position(epoch, incident.seq)
    return Update(incident, position, wire.update_of(wire.encode(state), position), recovered)
