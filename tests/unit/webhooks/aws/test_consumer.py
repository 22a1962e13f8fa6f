"""What an answered bell sends, and in which order; one at a time to each webhook."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change
from alerta_utec.ports import ChangeFeed
from alerta_utec.webhooks.aws.consumer import REST, TURN, AnswerBell, DynamoTurns, Remind
from alerta_utec.webhooks.aws.items import OVERDUE_AFTER
from alerta_utec.webhooks.aws.jobs import DynamoWebhookJobs
from alerta_utec.webhooks.aws.queue import Bell
from alerta_utec.webhooks.aws.registry import DynamoWebhooks, DynamoWebhooksUnsigned
from alerta_utec.webhooks.delivery import RETRY_AFTER_S, DeliverWebhook
from alerta_utec.webhooks.model import Secret, State, Webhook
from alerta_utec.webhooks.ports import Answer
from tests.contract.builders import T0, creation
from tests.fakes.clock import ManualClock
from tests.fakes.deliveries import FakeDeliveries
from tests.unit.webhooks.aws.test_jobs import rung

BACK_S = 7


@dataclass
class Receivers:
    """Answer each post by ``answers`` (200 where there is none), and keep what came."""

    answers: dict[int, Answer] = field(default_factory=dict)
    posted: list[str] = field(default_factory=list)
    on_post: Callable[[], None] = lambda: None

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.posted.append(url.rpartition("/")[2] + ":" + headers["webhook-id"])
        self.on_post()
        return self.answers.get(len(self.posted), Answer(200))


@dataclass(frozen=True)
class Service:
    """Two webhooks, ``w1`` and ``w2``, and who answers their bells."""

    incidents: DynamoIncidents
    webhooks: DynamoWebhooks
    jobs: DynamoWebhookJobs
    turns: DynamoTurns
    clock: ManualClock
    receivers: Receivers
    answer: AnswerBell

    def owe(self, *names: str) -> int:
        """Commit a change that is owed to these; its ``seq``."""
        change = self.incidents.commit(creation()).change
        self.jobs.owe(change, names or ("w1",), at=self.clock.now())
        return change.after.seq

    def open(self, *seqs: int, name: str = "w1") -> list[int]:
        """Those of the changes that are still owed."""
        return [seq for seq in seqs if self.jobs.get(name, seq)]


@pytest.fixture
def service(
    dynamodb_incidents: DynamoIncidents,
    dynamodb_webhook_registry: DynamoWebhooks,
    dynamodb_webhook_jobs: DynamoWebhookJobs,
    clock: ManualClock,
) -> Service:
    clock.set(T0)
    jobs, receivers = dynamodb_webhook_jobs, Receivers()
    turns = DynamoTurns(jobs.client, jobs.table, clock)
    for name in ("w1", "w2"):
        secrets = (Secret.new(),)
        dynamodb_webhook_registry.save(Webhook(name, f"https://a.example/{name}", T0, 0, secrets))
    deliver = DeliverWebhook(
        dynamodb_webhook_registry, jobs, receivers, clock, Recorder(FakeDeliveries()), "urn:x"
    )
    answer = AnswerBell(jobs, turns, deliver, jobs.bells, clock, lambda: 100.0, lambda: BACK_S)
    return Service(
        dynamodb_incidents, dynamodb_webhook_registry, jobs, turns, clock, receivers, answer
    )


def test_a_bell_has_its_job_sent_once_however_often_it_is_heard(service: Service) -> None:
    seq = service.owe()

    for _ in range(3):
        service.answer(Bell("w1", seq))

    assert len(service.receivers.posted) == 1
    assert service.open(seq) == []


def test_a_bell_that_is_heard_before_the_jobs_time_does_nothing(service: Service) -> None:
    seq = service.owe()
    service.receivers.answers = {1: Answer(500)}
    service.answer(Bell("w1", seq))

    service.answer(Bell("w1", seq))
    early = len(service.receivers.posted)
    service.clock.advance(timedelta(seconds=10))
    service.answer(Bell("w1", seq))

    assert early == 1
    assert len(service.receivers.posted) == 2
    assert len(set(service.receivers.posted)) == 1
    assert service.open(seq) == []


def test_what_else_is_due_to_the_webhook_is_sent_in_order_and_nobody_elses(
    service: Service,
) -> None:
    seqs = [service.owe("w1", "w2") for _ in range(3)]

    service.answer(Bell("w1", seqs[2]))

    assert service.open(*seqs) == []
    assert service.open(*seqs, name="w2") == seqs
    for seq in seqs:
        service.answer(Bell("w2", seq))
    sent = [name.partition(":") for name in service.receivers.posted]
    assert [name for name, _, event in sent] == ["w1"] * 3 + ["w2"] * 3
    assert [event for _, _, event in sent[:3]] == [event for _, _, event in sent[3:]]


def test_what_comes_while_something_is_sent_is_sent_after_it(service: Service) -> None:
    first = service.owe()
    came: list[int] = []

    def come() -> None:
        if not came:
            came.append(service.owe())

    service.receivers.on_post = come

    service.answer(Bell("w1", first))

    assert service.open(first, *came) == []


def test_a_webhook_that_is_taken_is_come_back_for(service: Service) -> None:
    seq = service.owe()
    rung(service.jobs)
    service.turns.take("w1", "somebody else")

    service.answer(Bell("w1", seq))

    assert service.receivers.posted == []
    assert rung(service.jobs) == [(Bell("w1", seq), BACK_S)]
    assert not service.turns.take("w1", "another")


def test_whoever_was_killed_has_the_turn_no_longer_than_a_try_takes(service: Service) -> None:
    seq = service.owe()
    service.turns.take("w1", "the killed")
    service.clock.advance(TURN - timedelta(microseconds=1))
    service.answer(Bell("w1", seq))
    before = list(service.receivers.posted)
    service.clock.advance(timedelta(microseconds=1))

    service.answer(Bell("w1", seq))

    assert before == []
    assert service.open(seq) == []
    service.turns.end("w1", "the killed")
    assert service.turns.take("w1", "the next")


def test_a_webhook_that_fails_rests_whatever_else_is_due_to_it(service: Service) -> None:
    first, second, third = (service.owe() for _ in range(3))
    rung(service.jobs)
    service.receivers.answers = {1: Answer(500)}

    for seq in (second, third):
        service.answer(Bell("w1", seq))
    before = list(service.receivers.posted)
    again = rung(service.jobs)
    service.clock.advance(REST)
    service.answer(Bell("w1", second))

    assert len(before) == 1
    assert [bell.seq for bell, _ in again] == [first, second, third]
    assert [after_s for _, after_s in again[1:]] == [BACK_S, BACK_S]
    assert service.open(first, second, third) == [first]
    assert timedelta(seconds=RETRY_AFTER_S[0]) > REST


def test_what_there_is_no_time_for_is_come_back_for(service: Service) -> None:
    first, second = service.owe(), service.owe()
    rung(service.jobs)

    service.answer(Bell("w1", second), 100.0)

    assert service.receivers.posted == []
    assert rung(service.jobs) == [(Bell("w1", second), BACK_S)]
    assert service.open(first, second) == [first, second]
    assert service.turns.take("w1", "the next")


@dataclass(frozen=True)
class BrokenFeed:
    """A feed whose change at ``seq`` cannot be read."""

    feed: ChangeFeed
    seq: int

    def changes(self, *, after_seq: int, limit: int) -> Sequence[Change]:
        if after_seq + 1 == self.seq:
            raise ValueError("no change")
        return self.feed.changes(after_seq=after_seq, limit=limit)


def test_a_job_that_cannot_be_tried_fails_its_own_bell_and_no_other(service: Service) -> None:
    first, second = service.owe(), service.owe()
    broken = replace(service.jobs, feed=BrokenFeed(service.jobs.feed, first))
    answer = replace(service.answer, jobs=broken)

    answer(Bell("w1", second))
    with pytest.raises(ValueError, match="no change"):
        answer(Bell("w1", first))

    assert service.open(first, second) == [first]
    assert service.turns.take("w1", "the next")


def test_a_webhook_that_is_gone_meanwhile_is_sent_nothing(service: Service) -> None:
    seq = service.owe()
    service.webhooks.delete("w1")

    service.answer(Bell("w1", seq))

    assert service.receivers.posted == []


def test_a_reminder_rings_for_every_webhook_that_there_is(service: Service) -> None:
    unsigned = DynamoWebhooksUnsigned(service.webhooks.client, service.webhooks.table)
    seq = service.owe("w1", "w2", "w3")
    rung(service.jobs)
    service.clock.advance(OVERDUE_AFTER)

    counted = Remind(unsigned, service.jobs)()

    assert counted == {"rung": 2}
    assert rung(service.jobs) == [(Bell("w1", seq), 0), (Bell("w2", seq), 0)]


def test_who_tells_nobody_reads_everything_but_the_secrets(service: Service) -> None:
    unsigned = DynamoWebhooksUnsigned(service.webhooks.client, service.webhooks.table)
    paused = service.webhooks.all()[0].next(state=State.PAUSED)
    service.webhooks.save(paused)

    found = unsigned.all()

    assert [one.to_json() for one in found] == [one.to_json() for one in service.webhooks.all()]
    assert [secret.value for one in found for secret in one.secrets] == ["", ""]
