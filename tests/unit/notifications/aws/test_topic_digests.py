"""The throttle on AWS: held notifications leave together, and none is lost."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerta_utec.adapters.aws.dynamodb.table_names import IncidentTables
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Conflict, Unavailable
from alerta_utec.domain.values import Status, Urgency, format_time
from alerta_utec.notifications.fitting import ShortText
from alerta_utec.notifications.ports import Decision
from alerta_utec.notifications.recipients import Kind, Recipient, recipient_id
from alerta_utec.notifications.rules import Pattern, Rule
from alerta_utec.notifications.throttle import Released
from alerta_utec.notifications.throttle_state import ThrottlePolicy
from tests.contract.aws import create
from tests.contract.builders import T0, creation, update
from tests.unit.adapters.aws.faults import FaultyWire, answer_lost, refusal, request_lost
from tests.unit.notifications.aws.topic import MINUTE, Topic, build, notices_table, topic

__all__ = ["notices_table", "topic"]
END = T0 + 5 * MINUTE
LAB = Recipient(Kind.EMAIL, "labs@example.edu")
GUARD = Recipient(Kind.EMAIL, "guardia@example.edu")


def test_further_reports_are_held_and_leave_as_one_when_the_window_ends(topic: Topic) -> None:
    first, *more = [topic.report(incidentId=name) for name in ("uno", "dos", "tres")]

    topic.pass_by(4)
    before = topic.emails()
    topic.pass_by(1)

    assert before == [{"uno"}]
    assert topic.emails() == [{"uno"}, {"dos", "tres"}]
    assert topic.record(first) == {"result": "sent"}
    assert [topic.record(one) for one in more] == [
        {"result": "sent", "held": "grouped", "with": 1}
    ] * 2


def test_a_held_notification_is_recorded_with_its_reason_and_its_end(topic: Topic) -> None:
    topic.report()

    held = topic.report()

    expected = {"result": "held", "because": "grouped", "until": format_time(END)}
    assert topic.record(held) == expected


def test_a_high_report_a_rise_and_an_all_clear_are_never_held(topic: Topic) -> None:
    first = topic.report(incidentId="uno")
    topic.report(incidentId="dos", urgency="high")
    raised = topic.move(first, urgency=Urgency.HIGH, alarmed=True)
    topic.move(raised, status=Status.RESUELTO)

    assert topic.emails() == [{"uno"}, {"dos"}, {"uno"}, {"uno"}]


def test_a_high_report_is_held_only_while_another_of_its_type_and_place_is_open(
    topic: Topic,
) -> None:
    first = topic.report(incidentId="uno", urgency="high")
    topic.report(incidentId="dos", urgency="high")
    topic.move(first, status=Status.RESUELTO)
    third = topic.report(incidentId="tres", urgency="high")
    topic.move(third, urgency=Urgency.LOW)
    topic.report(incidentId="cuatro", urgency="high")

    assert topic.emails() == [{"uno"}, {"uno"}, {"tres"}, {"cuatro"}]


def test_one_student_sends_no_more_than_five_at_once(topic: Topic) -> None:
    reports = [
        topic.report(incidentId=f"i-{n:03}", location=f"Aula {n}", urgency="high", user="ana")
        for n in range(150)
    ]
    at_once = len(topic.mailer.sent)

    topic.pass_by(1)

    assert at_once == 5
    assert len(topic.mailer.sent) == 6
    assert topic.record(reports[-1]) == {"result": "sent", "held": "reporter", "with": 144}


def test_a_clock_that_was_set_back_delays_no_digest(topic: Topic) -> None:
    topic.report()
    topic.report()
    topic.mailer.down = True
    topic.pass_by(5)
    topic.mailer.down = False

    topic.clock.advance(-60 * MINUTE)
    topic.flush()

    assert len(topic.mailer.sent) == 2


def test_notifications_over_the_limit_leave_together_with_the_next_token(topic: Topic) -> None:
    changes = [topic.report(incidentId=f"i-{n:02}", location=f"Aula {n}") for n in range(23)]
    at_once, last = len(topic.mailer.sent), topic.record(changes[-1])

    topic.pass_by(3)

    assert at_once == 20
    until = format_time(T0 + 3 * MINUTE)
    assert last == {"result": "held", "because": "limit", "until": until}
    assert topic.emails()[20:] == [{"i-20", "i-21", "i-22"}]
    assert topic.record(changes[-1]) == {"result": "sent", "held": "limit", "with": 2}


def test_a_group_without_a_token_at_its_end_waits_for_one_and_the_record_says_so(
    wire: FaultyWire, incident_tables: IncidentTables, notices_table: str
) -> None:
    topic = build(wire, incident_tables, notices_table, policy=ThrottlePolicy(burst=1, per_hour=2))
    topic.report(incidentId="uno")
    held = topic.report(incidentId="dos")

    topic.pass_by(5)
    waiting = topic.record(held)
    topic.pass_by(25)

    until = format_time(T0 + 30 * MINUTE)
    assert waiting == {"result": "held", "because": "limit", "until": until}
    assert topic.emails() == [{"uno"}, {"dos"}]
    assert topic.record(held) == {"result": "sent", "held": "limit"}


def test_each_recipient_gets_only_what_its_rules_send(
    wire: FaultyWire, incident_tables: IncidentTables, notices_table: str
) -> None:
    rules = [
        Rule("labs", (LAB,), location=(Pattern.of("Lab*"),)),
        Rule("guardia", (GUARD,), type=(Pattern.of("robo"),)),
    ]
    policy = ThrottlePolicy(burst=1, per_hour=60)
    topic = build(wire, incident_tables, notices_table, rules, policy)
    topic.report(location="Patio")
    topic.report(incidentId="lab", location="Lab 1")
    topic.report(incidentId="solo", location="Patio 2", type="robo")
    topic.report(incidentId="ambos", location="Lab 2", type="robo")
    topic.report(incidentId="otro-lab", location="Lab 3")

    topic.pass_by(1)

    sent = topic.mailer.sent[1:]
    labs, guard = recipient_id(LAB), recipient_id(GUARD)
    by_recipients = dict(
        zip([email.attributes["to"] for email in sent], topic.emails()[1:], strict=True)
    )
    assert by_recipients == {
        (labs,): {"lab", "otro-lab"},
        (guard,): {"solo"},
        (labs, guard): {"ambos"},
    }
    assert sent[0].attributes["location"] == ["Lab 1", "Lab 3"]
    assert sent[0].attributes["type"] == "prueba"
    assert sent[0].short == ShortText("MEDIA: 2 incidentes mas")


def test_a_change_that_the_stream_repeats_is_held_once(topic: Topic) -> None:
    topic.report(incidentId="uno")
    held = topic.report(incidentId="dos")

    topic.notifier.notify(held)
    topic.pass_by(6)
    topic.notifier.notify(held)
    topic.pass_by(6)

    assert topic.emails() == [{"uno"}, {"dos"}]
    assert topic.record(held)["result"] == "sent"


def test_a_change_that_was_sent_is_not_sent_again(topic: Topic) -> None:
    change = topic.report()

    topic.notifier.notify(change)

    assert len(topic.mailer.sent) == 1


def test_a_repeat_after_a_failure_follows_the_first_decision(topic: Topic) -> None:
    topic.mailer.down = True
    change = topic.incidents.commit(creation(urgency="medium", at=T0)).change
    with pytest.raises(Unavailable):
        topic.notifier.notify(change)
    failed = topic.record(change)

    topic.mailer.down = False
    topic.clock.advance(MINUTE)
    topic.notifier.notify(change)

    assert failed["result"] == "failed"
    assert len(topic.mailer.sent) == 1


def test_a_failed_digest_is_retried_later_and_sent_once(topic: Topic) -> None:
    topic.report(incidentId="uno")
    held = topic.report(incidentId="dos")
    topic.mailer.down = True
    topic.pass_by(5)
    failed = topic.record(held)

    topic.mailer.down = False
    topic.pass_by(1)
    too_early = len(topic.mailer.sent)
    topic.pass_by(20)

    assert failed["result"] == "held"
    assert too_early == 1
    assert topic.emails() == [{"uno"}, {"dos"}]
    assert topic.notifications.pending(topic.name, topic.clock.now()) == []


def test_the_sender_raises_when_a_digest_is_not_sent(topic: Topic) -> None:
    topic.report()
    topic.report()
    topic.mailer.down = True
    topic.clock.advance(5 * MINUTE)

    with pytest.raises(Unavailable, match="1 e-mails are not sent"):
        topic.digests.send_due()


def test_a_crash_after_the_release_loses_nothing(topic: Topic) -> None:
    topic.report(incidentId="uno")
    topic.report(incidentId="dos")
    topic.clock.advance(5 * MINUTE)

    topic.digests.throttle.release(topic.name)
    still_held = topic.notifications.held(topic.name)[1]
    topic.flush()

    assert still_held == []
    assert topic.emails() == [{"uno"}, {"dos"}]


def test_a_state_is_stored_only_over_the_version_that_was_read(topic: Topic) -> None:
    topic.report()
    state = topic.notifications.load(7, [topic.name]).states[topic.name]
    topic.notifications.save(7, "g", {topic.name: Decision(state, None)})

    for seq, again in [(8, state), (7, replace(state, version=state.version + 1))]:
        with pytest.raises(Conflict):
            topic.notifications.save(seq, "g", {topic.name: Decision(again, None)})
    with pytest.raises(Conflict):
        topic.notifications.release(topic.name, Released(state, T0, [[7]], {}))

    assert topic.notifications.load(8, [topic.name]).decided == {}
    assert topic.notifications.pending(topic.name, END) == []


def test_a_pending_digest_is_claimed_by_one_caller_for_a_while(topic: Topic) -> None:
    topic.report()
    topic.report()
    topic.clock.advance(5 * MINUTE)
    topic.digests.throttle.release(topic.name)
    now = topic.clock.now()
    (digest,) = topic.notifications.pending(topic.name, now)

    claims = [topic.notifications.claim(topic.name, digest, now + MINUTE) for _ in range(2)]

    assert claims == [True, False]
    assert topic.notifications.pending(topic.name, now) == []
    (later,) = topic.notifications.pending(topic.name, now + MINUTE)
    assert (later.members, later.attempts) == (digest.members, 1)


def test_two_concurrent_runs_send_a_digest_once(topic: Topic) -> None:
    topic.report()
    topic.report()
    topic.clock.advance(5 * MINUTE)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: topic.flush(), range(4)))

    assert len(topic.mailer.sent) == 2


def test_of_many_concurrent_decisions_one_lets_a_notification_leave(topic: Topic) -> None:
    changes = [topic.incidents.commit(creation(urgency="medium", at=T0)).change for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(topic.notifier.notify, changes))
    topic.pass_by(5)

    assert sorted(len(ids) for ids in topic.emails()) == [1, 7]


def test_a_decision_stands_when_its_response_is_lost(topic: Topic, wire: FaultyWire) -> None:
    topic.report(incidentId="uno")
    change = topic.incidents.commit(creation(urgency="medium", at=T0, incidentId="dos")).change
    wire.next("TransactWriteItems", answer_lost)

    with pytest.raises(Unavailable):
        topic.notifier.notify(change)
    topic.notifier.notify(change)
    topic.pass_by(5)

    assert topic.emails() == [{"uno"}, {"dos"}]


def test_a_high_report_does_not_wait_for_an_unreachable_store(
    topic: Topic, wire: FaultyWire
) -> None:
    high = topic.incidents.commit(creation(urgency="high", at=T0)).change
    medium = topic.incidents.commit(creation(urgency="medium", at=T0)).change
    wire.always("GetItem", request_lost)

    topic.notifier.notify(high)
    with pytest.raises(Unavailable):
        topic.notifier.notify(medium)

    assert topic.emails() == [{high.incident_id}]


def test_a_sent_digest_whose_rows_cannot_be_removed_is_sent_again_whole(
    topic: Topic, wire: FaultyWire
) -> None:
    topic.report(incidentId="uno")
    topic.report(incidentId="dos")
    topic.clock.advance(5 * MINUTE)
    wire.next("TransactWriteItems", lambda request: None, refusal("InternalServerError", 500))

    topic.flush()
    topic.pass_by(2)

    assert topic.emails() == [{"uno"}, {"dos"}, {"dos"}]
    assert topic.notifications.held(topic.name)[1] == []


def test_a_digest_larger_than_a_transaction_leaves_as_one(topic: Topic) -> None:
    for number in range(102):
        topic.report(incidentId=f"i-{number}")

    topic.pass_by(5)

    assert len(topic.mailer.sent) == 2
    assert "101" in topic.mailer.sent[1].subject
    assert topic.notifications.held(topic.name)[1] == []


def test_the_changes_of_a_restored_feed_are_sent_although_it_counts_anew(topic: Topic) -> None:
    first = topic.report()
    assert first.position is not None

    again = creation(urgency="medium", at=T0).committed(replace(first.position, epoch="otra"))
    topic.notifier.notify(again)

    assert len(topic.mailer.sent) == 2


def test_the_schedule_does_nothing_before_the_first_change(topic: Topic, wire: FaultyWire) -> None:
    topic.digests.send_due()

    assert "PutItem" not in wire.sent
    assert topic.mailer.sent == []


def test_decisions_expire_and_held_notifications_do_not(topic: Topic, wire: FaultyWire) -> None:
    topic.report()
    topic.report()

    items = wire.client.scan(TableName=topic.notifications.table)["Items"]

    expiring = Counter(item["row"]["S"].partition("#")[0] for item in items if "expiresAt" in item)
    staying = Counter(
        item["row"]["S"].partition("#")[0] for item in items if "expiresAt" not in item
    )
    assert (expiring, staying) == ({"decided": 2}, {"gate": 1, "held": 1})


STEPS = ["report", "report", "report", "rise", "clear", "again", "wait", "down", "up"]
steps = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(0, 2), st.sampled_from(["medium", "high"])),
    min_size=1,
    max_size=25,
)


@given(story=steps)
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_each_notification_is_in_one_email_in_any_story(
    wire: FaultyWire, incident_tables: IncidentTables, story: list[tuple[str, int, str]]
) -> None:
    table = create(wire.client, "notices")
    policy = ThrottlePolicy(burst=2, per_hour=12)
    played = Story(build(wire, incident_tables, table, policy=policy))

    for step in story:
        played.play(*step)
    played.end()

    for change in played.changes:
        assert played.count(change) == 1
        assert played.topic.record(change)["result"] == "sent"
    assert played.late == []
    assert played.topic.notifications.held(played.topic.name)[1] == []
    wire.client.delete_table(TableName=table)


class Story:
    """A story of reports to a topic; ``late`` has exempt changes that did not leave at once."""

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.changes: list[Change] = []
        self.late: list[Change] = []
        self._failed: list[Change] = []

    def play(self, step: str, place: int, urgency: str) -> None:
        """Play one step."""
        if step == "report":
            fields = {"urgency": urgency, "location": f"Aula {place}"}
            self._tell(creation(at=self.topic.clock.now(), description=self._mark(), **fields))
        elif step == "wait":
            self.topic.pass_by(2 * place + 1)
        elif step in ("down", "up"):
            self.topic.mailer.down = step == "down"
        elif self.changes:
            last = self.changes[-1]
            if step == "again":
                self._alarm(last)
            elif last.after.status is not Status.RESUELTO:
                self._move(last, step)

    def end(self) -> None:
        """Repair everything, and let enough time pass."""
        self.topic.mailer.down = False
        for change in self._failed:
            self.topic.notifier.notify(change)
        self.topic.pass_by(40, step=5)

    def count(self, change: Change) -> int:
        """Return the number of e-mails about a change."""
        mails = self.topic.mailer.sent
        if change.before is not None:
            return sum(str(change.note) in mail.body for mail in mails)
        new = [mail for mail in mails if mail.attributes["event"] == "new"]
        return sum(change.after.description in mail.body for mail in new)

    def _move(self, last: Change, step: str) -> None:
        fields: dict[str, Any] = {"status": Status.RESUELTO}
        if step == "rise":
            if last.after.urgency is Urgency.HIGH:
                return
            fields = {"urgency": Urgency.HIGH, "alarmed": True}
        at = self.topic.clock.now()
        change = self._tell(update(last.after, at=at, note=self._mark(), **fields))
        if not self.topic.mailer.down and self.count(change) != 1:
            self.late.append(change)

    def _tell(self, change: Change) -> Change:
        committed = self.topic.incidents.commit(change).change
        self.changes.append(committed)
        self._alarm(committed)
        return committed

    def _alarm(self, change: Change) -> None:
        try:
            self.topic.notifier.notify(change)
        except Unavailable:
            self._failed.append(change)

    def _mark(self) -> str:
        return f"n{len(self.changes):03}."
