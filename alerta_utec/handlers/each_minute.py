"""The handler of the schedule that runs each minute: expired connections, and the heartbeat."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from alerta_utec.handlers.lambda_io import LambdaEvent, LambdaResponse
from alerta_utec.handlers.stream import LambdaContext, deadline_of


@dataclass(frozen=True)
class EachMinute:
    """Closes expired connections at each run, and sends the heartbeat at some of them.

    Those are the runs of every minute since 1970 that ``heartbeat_minutes`` divides, so that no
    state says which run is next. ``heartbeat`` gets the deadline of ``StreamConsumer``.
    """

    close_expired: Callable[[], Mapping[str, int]]
    heartbeat: Callable[[float | None], object]
    heartbeat_minutes: int
    monotonic: Callable[[], float] = time.monotonic

    def handle(self, event: LambdaEvent, context: LambdaContext | None = None) -> LambdaResponse:
        """Run once and return what was closed; the event's ``time`` is in the minute of the run.

        Raises:
            Exception: that of either task, after both have run.
        """
        minute = int(datetime.fromisoformat(event["time"]).timestamp()) // 60
        try:
            if minute % self.heartbeat_minutes == 0:
                self.heartbeat(deadline_of(context, self.monotonic))
        finally:
            closed = self.close_expired()
        return dict(closed)
