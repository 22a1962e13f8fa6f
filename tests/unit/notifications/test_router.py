"""``NotificationRouter``: each change reaches its recipients; a defect in one delays no other."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Conflict, Unavailable
from alerta_utec.domain.values import Status, Urgency
from alerta_utec.notifications.local.sqlite import SqliteNotifications
from alerta_utec.notifications.ports import ChangeDecisions
from alerta_utec.notifications.rules import Hours, Pattern, Rule, RuleSet
from alerta_utec.notifications.throttle_state import ThrottlePolicy
from alerta_utec.notifications.throttling import TRIES_MAX
from alerta_utec.ports.incidents import HISTORY_PAGE
from tests.contract.builders import creation, update
from tests.unit.notifications.sending import LIMA, Notifications, to

GUARD, LABS = "guardia@example.edu", "laboratorios@example.edu"
DAY = Rule("de día", to(LABS), hours=Hours(6 * 60, 22 * 60))
NIGHT = Rule("de noche", to(GUARD), hours=Hours(22 * 60, 6 * 60))


def test_an_all_clear_goes_to_the_earlier_recipients_after_a_change_of_shift() -> None:
    mail = Notifications(DAY, NIGHT)
    change = mail.report()
    mail.run_once()
    mail.clock.advance(timedelta(hours=12))

    mail.store.commit(update(change.after, at=mail.clock.now(), status=Status.RESUELTO))
    mail.run_once()

    assert [len(mail.sent_to(name)) for name in (LABS, GUARD)] == [2, 0]


def test_a_change_without_recipients_is_recorded() -> None:
    mail = Notifications(Rule("gas", to(GUARD), type=(Pattern.of("gas"),)))

    change = mail.report(type="humo")

    assert mail.run_once() is None
    assert mail.outcome(change) == {"result": "suppressed", "because": "no_rule"}


def test_a_defect_with_one_change_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mail = Notifications()
    odd, other = mail.report(location="Aula 0"), mail.report(location="Aula 1")
    recipients_of = RuleSet.recipients_of

    def fail(self: RuleSet, change: Change, earlier: Any) -> Any:
        if change == odd:
            raise RuntimeError("un defecto")
        return recipients_of(self, change, earlier)

    monkeypatch.setattr(RuleSet, "recipients_of", fail)

    first, second = mail.run_once(), mail.run_once()

    assert (first, second) == (None, None)
    assert mail.outcome(other)["result"] == "sent"
    assert [r.message for r in caplog.records].count("notification_not_routed") == 1
    monkeypatch.undo()
    mail.start()
    mail.run_once()
    assert mail.outcome(odd)["result"] == "sent"


class Contended(SqliteNotifications):
    """A store whose first ``conflicts`` decisions conflict."""

    conflicts = 0

    def save_all(self, several: Sequence[ChangeDecisions]) -> None:
        if self.conflicts:
            self.conflicts -= 1
            raise Conflict("meanwhile")
        super().save_all(several)


@pytest.mark.parametrize(("conflicts", "sent"), [(TRIES_MAX - 1, 1), (TRIES_MAX, 0)])
def test_a_decision_that_conflicts_is_made_again(
    monkeypatch: pytest.MonkeyPatch, conflicts: int, sent: int
) -> None:
    monkeypatch.setattr("alerta_utec.notifications.throttling.PAUSE_MAX_S", 0.0)
    mail = Notifications(notifications=Contended)
    mail.report()
    mail.notifications.conflicts = conflicts

    if sent:
        mail.run_once()
    else:
        with pytest.raises(Unavailable):
            mail.run_once()

    assert len(mail.mailer.sent) == sent


def test_a_digest_marks_incidents_that_were_resolved_while_held() -> None:
    mail = Notifications()
    _, second, third = [mail.report(type="humo", urgency="medium") for _ in range(3)]
    mail.run_once()
    mail.store.commit(update(second.after, at=mail.clock.now(), status=Status.RESUELTO))
    mail.run_once()
    mail.clock.advance(timedelta(minutes=5))

    mail.run_once()

    _, clear, digest = mail.mailer.sent
    assert clear.subject.startswith("[Alerta UTEC] RESUELTO: ")
    head, *_ = [line for line in digest.body.splitlines() if "(resuelto)" in line]
    assert head == "MEDIA: humo - Laboratorio A (resuelto)"
    assert digest.body.count("(resuelto)") == 1
    assert digest.body.index(second.incident_id) < digest.body.index(third.incident_id)


def test_each_recipient_has_a_limit_of_its_own() -> None:
    one = ThrottlePolicy(burst=1, per_hour=1)
    rules = (Rule("todo", to(GUARD)), Rule("gas", to(LABS), type=(Pattern.of("gas"),)))
    mail = Notifications(*rules, policy=one)

    mail.report(type="humo", urgency="medium")
    change = mail.report(type="gas", urgency="medium")
    mail.run_once()

    assert [len(mail.sent_to(name)) for name in (GUARD, LABS)] == [1, 1]
    assert mail.outcome(change)["counts"] == {"held": 1, "sent": 1}


def test_an_all_clear_finds_recipients_beyond_the_newest_page_of_the_history() -> None:
    mail = Notifications(
        Rule("todo", to(GUARD), urgency=frozenset({Urgency.HIGH})),
        Rule("medias", to(LABS), urgency=frozenset({Urgency.MEDIUM})),
    )
    last = mail.report(type="humo", urgency="high")
    last = mail.store.commit(update(last.after, urgency=Urgency.LOW)).change
    for number in range(HISTORY_PAGE + 5):
        last = mail.store.commit(update(last.after, note=f"nota {number}")).change
    last = mail.store.commit(update(last.after, urgency=Urgency.MEDIUM)).change
    mail.store.commit(update(last.after, status=Status.RESUELTO))

    mail.run_once()

    subjects = {name: [one.subject for one in mail.sent_to(name)] for name in (GUARD, LABS)}
    assert all(any("RESUELTO" in one for one in found) for found in subjects.values())


def test_an_all_clear_reads_no_more_of_the_history_than_it_needs() -> None:
    read: list[Change] = []
    created = creation(urgency="high")
    resolved = update(created.after, status=Status.RESUELTO)

    def earlier() -> Iterator[Change]:
        for change in (created, created, created):
            read.append(change)
            yield change

    rules = RuleSet((Rule("todo", to(GUARD)),), LIMA)
    found = rules.recipients_of(resolved, earlier())

    assert [one.key for one in found] == [GUARD]
    assert len(read) == 1
