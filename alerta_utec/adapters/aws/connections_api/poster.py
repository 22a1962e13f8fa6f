"""The ``Poster`` and ``FramesPoster`` over ``@connections``."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from alerta_utec.adapters.aws.connections_api.http import ConnectionsHttp
from alerta_utec.adapters.aws.connections_api.pace import Pace, unlimited
from alerta_utec.adapters.aws.connections_api.rounds import Outcome, PostRounds, reached
from alerta_utec.adapters.aws.connections_api.sigv4 import Payload
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports.broadcast import Outgoing, SendResult

# Posts at once: a Lambda of 1 GB has CPU for so many, if each takes some 10 ms.
THREADS = 64
# A step's outcomes: what became of the frame of each connection that was still to have one.
_Step = Mapping[str, Outcome]


@dataclass(frozen=True)
class ConnectionsApiPoster:
    """A ``Poster`` and ``FramesPoster``; ``rounds`` decides about order and retries.

    All connections get their first frame before any gets its second. Needs
    ``execute-api:ManageConnections`` for POST and GET.
    """

    api: ConnectionsHttp
    threads: int = THREADS
    pace: Pace = field(default_factory=unlimited)
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic

    def post(
        self, connection_ids: Sequence[str], frame: str, *, deadline_s: float | None = None
    ) -> SendResult:
        ids = tuple(dict.fromkeys(connection_ids))
        ((result,),) = self.post_frames([Outgoing(ids, (frame,))], deadline_s=deadline_s)
        return result

    def post_frames(
        self, outgoing: Sequence[Outgoing], *, deadline_s: float | None = None
    ) -> Sequence[Sequence[SendResult]]:
        steps = list(self._steps(outgoing, deadline_s))
        outcomes = [outcome for step in steps for outcome in step.values()]
        if Outcome.UNAVAILABLE in outcomes and not reached(outcomes):
            raise Unavailable("@connections takes nothing")
        return [_results(one, steps) for one in outgoing]

    def _steps(self, outgoing: Sequence[Outgoing], deadline_s: float | None) -> Iterator[_Step]:
        """Post the first frame of all, then the second, and so on."""
        rounds = PostRounds(self.api, self.threads, self.pace, self.sleep, self.monotonic)
        payloads = {
            frame: Payload.of(frame.encode())
            for frame in dict.fromkeys(frame for one in outgoing for frame in one.frames)
        }
        left = [(one, one.connection_ids) for one in outgoing]
        number = 0
        with ThreadPoolExecutor(self.threads, thread_name_prefix="post") as pool:
            while work := {
                name: payloads[one.frames[number]]
                for one, names in left
                if number < len(one.frames)
                for name in names
            }:
                results = rounds.run(work, pool, deadline_s)
                step = {name: result.outcome for name, result in results.items()}
                yield step
                # A client gets no frame after one that it has missed.
                left = [
                    (one, tuple(name for name in names if step.get(name) is Outcome.DELIVERED))
                    for one, names in left
                ]
                number += 1


def _results(one: Outgoing, steps: Sequence[_Step]) -> Sequence[SendResult]:
    """Return the outcome of each frame; where a client missed one, it missed those after it."""
    last: dict[str, Outcome] = {}
    results = []
    for number in range(len(one.frames)):
        if number < len(steps):
            last |= {
                name: steps[number][name] for name in one.connection_ids if name in steps[number]
            }
        results.append(_result(last))
    return results


def _result(outcomes: Mapping[str, Outcome]) -> SendResult:
    def ids_with(*wanted: Outcome) -> tuple[str, ...]:
        return tuple(name for name, outcome in outcomes.items() if outcome in wanted)

    return SendResult(
        delivered=sum(outcome is Outcome.DELIVERED for outcome in outcomes.values()),
        gone=ids_with(Outcome.GONE),
        throttled=ids_with(Outcome.THROTTLED),
        failed=ids_with(Outcome.FAILED, Outcome.UNAVAILABLE),
    )
