"""In any story each recipient gets every notification once, within the policy."""

import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.incidents import SqliteIncidents
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.values import Status, Urgency
from alerta_utec.notifications.incident_states import StatesFromHistory
from alerta_utec.notifications.local.sqlite import SqliteNotifications
from alerta_utec.notifications.mailer import Email
from alerta_utec.notifications.ports import NotificationStore
from alerta_utec.notifications.router import NotificationRouter
from alerta_utec.notifications.rules import Pattern, Rule, RuleSet
from alerta_utec.notifications.sender import NotificationChannel, Sender
from alerta_utec.notifications.throttle import group_of
from alerta_utec.notifications.throttle_state import ThrottlePolicy
from alerta_utec.notifications.throttling import BatchThrottle
from alerta_utec.ports.incidents import IncidentStore
from tests.contract.builders import T0, creation, update
from tests.fakes.clock import ManualClock
from tests.unit.notifications.sending import LIMA, to

ALL, SOME = "guardia@example.edu", "laboratorios@example.edu"
POLICY = ThrottlePolicy(burst=2, per_hour=2, person_burst=2, anonymous_burst=3)
RULES = (Rule("todo", to(ALL)), Rule("fugas", to(SOME), type=(Pattern.of("fuga*"),)))
HOUR = timedelta(hours=1)
STEPS = 60


class Killed(BaseException):
    """A kill of the process at this point."""


@dataclass
class Mailbox:
    """A recipient, with what arrived (the ``seq`` in each e-mail) and what should.

    ``at_once`` has the changes that must not be held, ``soon`` those beyond one person's
    allowance, ``grouped`` the end of each other's window.
    """

    clock: ManualClock
    down: bool = False
    kill: bool = False
    arrived: list[tuple[datetime, frozenset[int]]] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)
    at_once: set[int] = field(default_factory=set)
    soon: set[int] = field(default_factory=set)
    grouped: dict[int, datetime] = field(default_factory=dict)
    windows: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    allowances: dict[str, tuple[datetime, int]] = field(default_factory=dict)

    def send(self, email: Email) -> None:
        if self.down:
            raise Unavailable("down")
        self.arrived.append((self.clock.now(), frozenset(map(int, email.body.split()))))
        if self.kill:
            self.kill = False
            raise Killed

    def expect(self, change: Change, open_high: Collection[str]) -> None:
        """Expect what the documented rules of the throttle say.

        ``open_high``: the open incidents of high urgency of the same type and place.
        """
        seq, at, group = change.after.seq, change.at, group_of(change)
        self.expected.add(seq)
        if change.resolves():
            self.windows.pop(group, None)
        until, last_high = self.windows.get(group, (at, ""))
        within, high = at < until, change.after.urgency is Urgency.HIGH
        if change.before is not None:
            self.expect_exempt(change)
        elif high and not (within and last_high in open_high):
            if self.expect_exempt(change):
                self.windows[group] = (
                    until if within else at + POLICY.window,
                    change.incident_id,
                )
        elif within:
            self.grouped[seq] = until
        else:
            self.windows[group] = (at + POLICY.window, "")

    def expect_exempt(self, change: Change) -> bool:
        """Expect a change that never waits, unless its person has caused too many."""
        seq, at = change.after.seq, change.at
        person = change.by or ""
        counted = not (change.before is None and change.after.reported_by_staff)
        if change.before is not None:
            counted, person = change.by is None, "all-clears" if change.resolves() else ""
        if counted:
            until, used = self.allowances.get(person, (at, 0))
            if at >= until:
                until, used = at + POLICY.person_window, 0
            burst = POLICY.person_burst if change.by else POLICY.anonymous_burst
            if used >= burst:
                self.soon.add(seq)
                return False
            self.allowances[person] = (until, used + 1)
        self.at_once.add(seq)
        return True

    def got(self) -> Counter[int]:
        return Counter(seq for _, seqs in self.arrived for seq in seqs)


class Numbers:
    """A ``Composer`` whose e-mails only list their changes."""

    def compose(self, changes: Sequence[Change]) -> Email:
        """Write the ``seq`` of each change."""
        return Email("<x@y>", "s", " ".join(str(change.after.seq) for change in changes))


Opened = tuple[IncidentStore, NotificationStore]


class ThrottledService:
    """A router and its senders over a store that can be reopened."""

    def __init__(self, open_store: Callable[[], Opened]) -> None:
        self.clock = ManualClock(T0)
        self.boxes = {name: Mailbox(self.clock) for name in (ALL, SOME)}
        self.changes: list[Change] = []
        self.kills = 0
        self.pending: dict[tuple[str, int], tuple[datetime, frozenset[int]]] = {}
        self.open_store = open_store
        self.begin()

    def begin(self) -> None:
        self.store, self.notifications = self.open_store()
        throttle = BatchThrottle(
            self.notifications, StatesFromHistory(self.store), self.clock, POLICY
        )
        rules = RuleSet(RULES, LIMA)
        self.router = NotificationRouter(
            self.notifications, self.store, rules, throttle, self.clock
        )
        self.senders = [
            Sender(self.notifications, NotificationChannel({name: box}), Numbers(), self.clock)
            for name, box in self.boxes.items()
        ]

    def commit(self, change: Change) -> None:
        stored = self.store.commit(change).change
        self.changes.append(stored)
        if stored.notifies():
            group = group_of(stored)
            open_high = {
                name
                for name, last in self.latest().items()
                if group_of(last) == group
                and last.after.urgency is Urgency.HIGH
                and last.after.status is not Status.RESUELTO
                and name != stored.incident_id
            }
            self.boxes[ALL].expect(stored, open_high)
            if stored.after.type.startswith("fuga"):
                self.boxes[SOME].expect(stored, open_high)

    def latest(self) -> dict[str, Change]:
        return {change.incident_id: change for change in self.changes}

    def report(self, kind: str, place: str, urgency: str, count: int, person: str | None) -> None:
        for _ in range(count):
            fields: dict[str, Any] = {"type": kind, "location": place, "urgency": urgency}
            at, staff = self.clock.now(), person == "jefe"
            self.commit(creation(at=at, user=person, staff=staff, **fields))

    def move_on(self, which: int, move: str, by: str | None) -> None:
        found = list(self.latest().values())
        if not found:
            return
        last = found[-1 - which % min(len(found), 4)].after
        at = self.clock.now()
        if move == "resolve" and last.status is not Status.RESUELTO:
            self.commit(update(last, at=at, by=by, status=Status.RESUELTO))
        elif move == "raise" and last.urgency is not Urgency.HIGH:
            self.commit(update(last, at=at, by=by, urgency=Urgency.HIGH))
        elif move == "lower" and last.urgency is Urgency.HIGH:
            self.commit(update(last, at=at, by=by, urgency=Urgency.LOW))

    def time_passes(self, minutes: int) -> None:
        self.clock.advance(timedelta(minutes=minutes))

    def server_fails_or_mends(self, name: str, down: bool) -> None:
        self.boxes[name].down = down

    def run(self) -> None:
        while (next_at := self.router.run_once()) is not None and next_at <= self.clock.now():
            pass
        self.look_at_pending_emails()
        new = {
            name: box.at_once - box.got().keys() for name, box in self.boxes.items() if not box.down
        }
        waiting = {name: self.failed_before(name) for name in new}
        for sender in self.senders:
            while (next_at := sender.run_once()) is not None and next_at <= self.clock.now():
                pass
        for name, seqs in new.items():
            assert seqs - waiting[name] <= self.boxes[name].got().keys()

    def restart(self) -> None:
        self.begin()

    def is_killed_after_sending(self, name: str) -> None:
        self.boxes[name].kill = True
        try:
            self.run()
        except Killed:
            self.kills += 1
            self.begin()
        self.boxes[name].kill = False

    def failed_before(self, name: str) -> set[int]:
        """Return the ``seq`` of changes whose e-mail waits for its next attempt."""
        later = self.notifications.pending([name], self.clock.now() + HOUR, 10**6)
        return {c.after.seq for email in later if email.attempts for c in email.changes}

    def look_at_pending_emails(self) -> None:
        for email in self.notifications.pending([ALL, SOME], self.clock.now() + HOUR, 10**6):
            seqs = frozenset(change.after.seq for change in email.changes)
            known = self.pending.setdefault(email.key, (self.clock.now(), seqs))
            assert known[1] == seqs

    def end(self) -> None:
        """Let everything arrive, and compare it with what was expected."""
        for box in self.boxes.values():
            box.down = False
        for _ in range(1000):
            self.run()
            times = [
                self.notifications.next_release_at(),
                self.notifications.next_attempt_at([ALL, SOME]),
            ]
            left = [moment for moment in times if moment is not None]
            if not left:
                break
            self.clock.set(max(min(left), self.clock.now()))
        else:
            raise AssertionError("something stays held or pending")
        self.check()

    def check(self) -> None:
        repeats = 0
        for name, box in self.boxes.items():
            got = box.got()
            assert got.keys() == box.expected
            assert all(frozenset({seq}) in {seqs for _, seqs in box.arrived} for seq in box.at_once)
            repeats += len(box.arrived) - len({seqs for _, seqs in box.arrived})
            assert len({seqs for _, seqs in box.arrived}) == len(
                {seq: seqs for _, seqs in box.arrived for seq in seqs and [min(seqs)]}
            )
            assert sum(len(seqs) for seqs in {seqs for _, seqs in box.arrived}) == len(got)
            first = {seq: at for at, seqs in reversed(box.arrived) for seq in seqs}
            assert all(first[seq] >= until for seq, until in box.grouped.items())
            self.check_limit(name)
            self.check_reasons(name, box)
        assert repeats <= self.kills

    def check_reasons(self, name: str, box: Mailbox) -> None:
        """Check that each change was held for the expected reason, or not at all."""
        for change in self.changes:
            seq = change.after.seq
            if seq not in box.expected:
                continue
            [held] = [
                one.get("held")
                for delivery in self.notifications.for_incident(change.incident_id)
                if delivery.revision == change.after.revision
                for one in delivery.outcome["recipients"]
                if one["to"] == name
            ]
            if seq in box.at_once:
                assert held is None
            elif seq in box.soon:
                assert held == "reporter"
            elif seq in box.grouped:
                assert held in ("grouped", "limit")
            else:
                assert held in (None, "limit")

    def check_limit(self, name: str) -> None:
        """Check that only exempt e-mails exceed the limit."""
        times = sorted(
            at
            for (recipient, _), (at, seqs) in self.pending.items()
            if recipient == name and not seqs <= self.boxes[name].at_once | self.boxes[name].soon
        )
        for moment in times:
            within = [at for at in times if moment - HOUR < at <= moment]
            assert len(within) <= POLICY.burst + POLICY.per_hour


reports = st.tuples(
    st.just("report"),
    st.sampled_from(["fuga de gas", "humo"]),
    st.sampled_from(["Sótano", "Patio"]),
    st.sampled_from(["low", "medium", "medium", "high", "high"]),
    st.integers(1, 3),
    st.sampled_from([None, "ana", "jefe"]),
)
moves = st.tuples(
    st.just("move_on"),
    st.integers(0, 10**6),
    st.sampled_from(["resolve", "resolve", "raise", "lower"]),
    st.sampled_from([None, "jefe", "jefe"]),
)
waits = st.tuples(st.just("time_passes"), st.sampled_from([1, 1, 2, 2, 3, 4, 5, 20, 61]))
runs = st.just(("run",))
mishaps = st.one_of(
    st.tuples(st.just("server_fails_or_mends"), st.sampled_from([ALL, SOME]), st.booleans()),
    st.tuples(st.just("is_killed_after_sending"), st.sampled_from([ALL, SOME])),
    st.just(("restart",)),
)
# Frequent steps are listed several times.
stories = st.lists(
    st.one_of(reports, reports, reports, moves, waits, waits, runs, runs, mishaps),
    min_size=20,
    max_size=STEPS,
)


def tell(story: Sequence[tuple[Any, ...]], open_store: Callable[[], Opened]) -> None:
    """Play a story, step by step, to a service on a new store."""
    service = ThrottledService(open_store)
    for name, *arguments in story:
        getattr(service, name)(*arguments)
    service.end()


@settings(max_examples=100, deadline=None)
@given(stories)
def test_any_story_reaches_each_recipient_once(story: Sequence[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:

        def open_it() -> Opened:
            stack.close()
            database = Database(Path(folder) / "alerta.db", durable=False)
            stack.enter_context(closing(database))
            notifications = SqliteNotifications(database)
            return SqliteIncidents(database, steps=[notifications]), notifications

        tell(story, open_it)
