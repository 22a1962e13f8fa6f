"""Any interleaving of commits on DynamoDB, with lost, late and killed calls, keeps the feed whole.

Submissions run in simulated time against DynamoDB's engine in this process. Hypothesis chooses
what is submitted, how long each call takes, and what becomes of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle, repeat

from greenlet import getcurrent, greenlet
from hypothesis import given, settings
from hypothesis import strategies as st

from alerta_utec.adapters.aws.dynamodb.commit import OUTCOME_UNKNOWN
from alerta_utec.adapters.aws.dynamodb.inbox import AGE_MAX, Submission
from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import AlertaError, Conflict, Unavailable
from alerta_utec.domain.incident import Incident
from alerta_utec.ports.incidents import Committed
from tests.contract.builders import creation, update
from tests.support.simulated_dynamodb import Fate, PromptNetwork, Request, Trip
from tests.support.simulated_stores import combine, simulated_stores
from tests.support.simulated_time import SimulatedClock, SimulatedTime

KINDS = ("new", "update", "update", "same key", "same id", "same id, other content")
BASES = 3
# From a prompt answer to one that comes when call, Lambda and submission are over.
DELAYS_S = (0.001, 0.004, 0.015, 0.06, 0.3, 1.2, 6.0, 45.0)
STARTS_S = (0.0, 0.01, 0.02, 0.05, 0.1, 25.0)
SKEWS_S = (0.0, 0.0, 0.4, -0.4, 3600.0, -3600.0)
FATES = (*repeat(Fate.ARRIVES, 8), *(fate for fate in Fate if fate is not Fate.ARRIVES))


@dataclass
class Plan(PromptNetwork):
    """A ``Network`` that follows a plan."""

    time: SimulatedTime
    delays_s: Sequence[float]
    fates: Sequence[Fate]
    # The functions that do not know the outcome of a call.
    unsure: set[greenlet] = field(default_factory=set)
    # The age of the oldest submission that a transaction was sent for.
    oldest: timedelta = timedelta(0)
    reads: int = 0

    def __post_init__(self) -> None:
        self._delays_s, self._fates = cycle(self.delays_s), iter(self.fates)

    def trip(self, operation: str, request: Request) -> Trip:
        for submitted_at in _submitted_at(request):
            self.oldest = max(self.oldest, SimulatedClock(self.time).now() - submitted_at)
        fate = next(self._fates, Fate.ARRIVES)
        if fate is not Fate.ARRIVES:
            self.unsure.add(getcurrent())
        return Trip(next(self._delays_s), next(self._delays_s), next(self._delays_s), fate)

    def order(self, tables: list[str]) -> list[str]:
        self.reads += 1
        turn = self.reads % len(tables)
        return tables[turn:] + tables[:turn]


def _submitted_at(request: Request) -> Iterator[datetime]:
    """Yield the time of each submission that a transaction takes out of the inbox."""
    for action in request.get("TransactItems", ()):
        if "ConditionExpression" in action.get("Delete", ()):
            microseconds = int(action["Delete"]["Key"]["row"]["S"].split("#")[0])
            yield datetime.fromtimestamp(microseconds / 1_000_000, UTC)


@dataclass
class Call:
    """One submission, and what its caller learns: nothing if it dies."""

    change: Change
    runs_in: greenlet | None = None
    committed: Committed | None = None
    error: AlertaError | None = None

    def run(self, store: DynamoIncidents) -> None:
        self.runs_in = getcurrent()
        try:
            self.committed = store.commit(self.change)
        except AlertaError as error:
            self.error = error


def change(kind: str, number: int, bases: Sequence[Incident]) -> Change:
    """Return the change of submission ``number``, which its ``request_id`` identifies."""
    made = {
        "new": creation(incidentId=f"new-{number}"),
        "same key": creation(key="k"),
        "same id": creation(incidentId="same"),
        "same id, other content": creation(incidentId="same", location="Otro lugar"),
        "update": update(bases[number % BASES], note="nota"),
    }[kind]
    return replace(made, request_id=f"request-{number}")


def base(store: DynamoIncidents) -> Sequence[Incident]:
    return [store.commit(creation(incidentId=f"base-{n}")).change.after for n in range(BASES)]


@settings(max_examples=100, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=2, max_size=9),
    starts_s=st.lists(st.sampled_from(STARTS_S), min_size=1, max_size=5),
    skews_s=st.lists(st.sampled_from(SKEWS_S), min_size=1, max_size=4),
    delays_s=st.lists(st.sampled_from(DELAYS_S), min_size=1, max_size=40),
    fates=st.lists(st.sampled_from(FATES), max_size=80),
    give_up_s=st.sampled_from([0.1, 1.0, 20.0]),
)
def test_each_change_is_stored_once_at_most_and_each_caller_learns_the_truth(
    kinds: list[str],
    starts_s: list[float],
    skews_s: list[float],
    delays_s: list[float],
    fates: list[Fate],
    give_up_s: float,
) -> None:
    with simulated_stores() as stores:
        time, bases = stores.time, stores.promptly(base)
        plan = stores.dynamodb.network = Plan(time, delays_s, fates)
        calls = [Call(change(kind, number, bases)) for number, kind in enumerate(kinds)]
        for call, start_s, skew_s in zip(calls, cycle(starts_s), cycle(skews_s), strict=False):
            store = stores.store(skew_s=skew_s, give_up_s=give_up_s)
            time.start(time.now_s + start_s, partial(call.run, store))

        time.run()

        feed = stores.promptly(_whole_feed)
        for call in calls:
            is_unsure = call.runs_in in plan.unsure
            _assert_truth(call, feed, is_unsure=is_unsure)
            if max(delays_s) < 1 and not is_unsure:
                assert str(call.error) != OUTCOME_UNKNOWN
        if max(map(abs, skews_s)) < 1:
            assert plan.oldest <= AGE_MAX + timedelta(seconds=1)
        time.now_s += 100
        stores.promptly(partial(_assert_nothing_is_left, count=len(feed)))


def _whole_feed(store: DynamoIncidents) -> Sequence[Change]:
    """Return the feed, which has no hole and agrees with the incidents."""
    feed = store.changes(after_seq=0, limit=1000)
    assert [change.after.seq for change in feed] == list(range(1, len(feed) + 1))
    assert store.position().seq == len(feed)
    requests = [change.request_id for change in feed if change.request_id]
    assert len(set(requests)) == len(requests) == len(feed) - BASES
    for incident_id in {change.incident_id for change in feed}:
        own = [change for change in feed if change.incident_id == incident_id]
        assert [change.after.revision for change in own] == list(range(1, len(own) + 1))
        assert [change.before for change in own] == [None, *(change.after for change in own[:-1])]
        assert store.get(incident_id) == own[-1].after
    assert sum(change.key is not None for change in feed) <= 1
    return feed


def _assert_truth(call: Call, feed: Sequence[Change], *, is_unsure: bool) -> None:
    stored = [change for change in feed if change.request_id == call.change.request_id]
    if call.committed is not None and not call.committed.duplicate:
        assert stored == [call.committed.change]
    elif call.committed is not None:
        assert not stored
        assert call.committed.change in feed
        assert call.committed.change.digest == call.change.digest
    elif isinstance(call.error, Conflict):
        assert not stored
    elif call.error is not None and not is_unsure:
        assert not stored or str(call.error) == OUTCOME_UNKNOWN
    assert isinstance(call.error, (Conflict, Unavailable, type(None)))


def _assert_nothing_is_left(store: DynamoIncidents, *, count: int) -> None:
    """Assert that later batches empty the inbox, and commit only the submissions of their calls."""
    batches, inbox = 0, combine(store).tables.inbox
    while batches == 0 or inbox.oldest(100):
        batches += 1
        own = Submission(creation(), f"{batches:032}", store.clock.now())
        inbox.put(own)
        assert combine(store).run(own).change is not None
        assert store.position().seq == count + batches
