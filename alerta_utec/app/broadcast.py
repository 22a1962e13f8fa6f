"""Sending committed changes to connections through a ``FramesPoster``."""

import logging
import time
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from alerta_utec.app.update_frames import UpdateFrames
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.filters import Filter, facets_of
from alerta_utec.ports.broadcast import FramesPoster, Outgoing, SendResult
from alerta_utec.ports.connections import Connection, Connections, Form

log = logging.getLogger(__name__)

# $connect may take 29 s (API Gateway's integration timeout).
HANDSHAKE_MAX = timedelta(seconds=30)


class Recipients:
    """The connections that get some of the changes, in groups that get the same frames.

    ``missed``: the indexes of the changes for each connection, in place of its filter.
    """

    def __init__(
        self,
        changes: Sequence[Change],
        connections: Iterable[Connection],
        missed: Mapping[str, tuple[int, ...]] | None = None,
    ) -> None:
        self._changes = changes
        self._facets = [facets_of(change) for change in changes]
        self._matched: dict[Filter, tuple[int, ...]] = {}
        self._groups: dict[tuple[tuple[int, ...], Form], list[str]] = {}
        for one in connections:
            indexes = (
                self._matching(one.filter) if missed is None else missed.get(one.connection_id, ())
            )
            if indexes:
                self._groups.setdefault((indexes, one.form), []).append(one.connection_id)

    def send(self, poster: FramesPoster, deadline_s: float | None) -> Sequence[SendResult]:
        """Send each connection its changes; return the outcome of each change.

        Raises:
            Unavailable: no recipient was reached.
        """
        frames = UpdateFrames(self._changes)
        sent = [frames.in_form(indexes, form) for indexes, form in self._groups]
        outgoing = [
            Outgoing(tuple(ids), tuple(frame.text for frame in own))
            for ids, own in zip(self._groups.values(), sent, strict=True)
        ]
        results = self._nothing()
        for own, outcomes in zip(
            sent, poster.post_frames(outgoing, deadline_s=deadline_s), strict=True
        ):
            for frame, outcome in zip(own, outcomes, strict=True):
                for index in frame.indexes:
                    results[index] += outcome
        return results

    def all_failed(self) -> Sequence[SendResult]:
        """Return the outcome of each change if no connection is reached."""
        results = self._nothing()
        for (indexes, _), ids in self._groups.items():
            for index in indexes:
                results[index] += SendResult(failed=tuple(ids))
        return results

    def _nothing(self) -> list[SendResult]:
        return [SendResult() for _ in self._changes]

    def _matching(self, wanted: Filter) -> tuple[int, ...]:
        """Return the indexes of the changes that the filter concerns."""
        found = self._matched.get(wanted)
        if found is None:
            found = self._matched[wanted] = tuple(
                index
                for index, states in enumerate(self._facets)
                if any(map(wanted.accepts, states))
            )
        return found


def outcome_counts(result: SendResult, started_s: float) -> dict[str, int]:
    """Return ``{attempted, delivered, gone, throttled, failed, ms}``.

    ``ms`` counts from ``started_s``, a time of ``perf_counter``.
    """
    counts = {
        "delivered": result.delivered,
        "gone": len(result.gone),
        "throttled": len(result.throttled),
        "failed": len(result.failed),
    }
    ms = round((time.perf_counter() - started_s) * 1000)
    return {"attempted": sum(counts.values()), **counts, "ms": ms}


def maybe_connecting(connections: Iterable[Connection], now: datetime) -> frozenset[str]:
    """Return the ids of connections that may still be in their handshake and so look gone."""
    opened_before = now - HANDSHAKE_MAX
    return frozenset(one.connection_id for one in connections if one.connected_at >= opened_before)


def delete_gone(connections: Connections, gone: Iterable[str], *, keep: Container[str]) -> None:
    """Delete connections that are gone, except those in ``keep``; best effort."""
    for connection_id in gone:
        if connection_id in keep:
            continue
        try:
            connections.delete(connection_id)
        except Unavailable:
            # The next broadcast finds them gone again, or they expire.
            log.exception("not_forgotten")
            return
