"""``MailJobs``: an e-mail is owed with its change, until it is sent or given up."""

from datetime import timedelta
from typing import Any

import pytest

from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Conflict
from alerta_utec.domain.values import Urgency
from tests.contract.builders import T0, creation, update

SECOND = timedelta(seconds=1)
LATER = T0 + timedelta(days=30)


def _owe(owing: Any, **fields: Any) -> Change:
    change: Change = owing.incidents.commit(creation(**({"urgency": "high"} | fields))).change
    return change


def test_nothing_is_owed_at_first(owing: Any) -> None:
    assert owing.jobs.next_at() is None
    assert list(owing.jobs.due(LATER, 10)) == []


@pytest.mark.parametrize(("urgency", "owed"), [("low", 0), ("medium", 1), ("high", 1)])
def test_a_creation_owes_an_email_by_its_urgency(owing: Any, urgency: str, owed: int) -> None:
    change = _owe(owing, urgency=urgency)

    jobs = owing.jobs.due(T0, 10)

    assert [job.change for job in jobs] == [change] * owed
    assert [(job.created_at, job.attempts) for job in jobs] == [(T0, 0)] * owed


def test_an_update_owes_an_email_only_where_the_urgency_rises(owing: Any) -> None:
    low = _owe(owing, urgency="low").after

    medium = owing.incidents.commit(update(low, urgency=Urgency.MEDIUM)).change
    same = owing.incidents.commit(update(medium.after, note="sigue igual")).change
    owing.incidents.commit(update(same.after, urgency=Urgency.LOW))

    assert [job.change for job in owing.jobs.due(LATER, 10)] == [medium]


def test_a_repeat_or_a_conflict_owes_nothing_more(owing: Any) -> None:
    _owe(owing, incidentId="a", key="k")

    owing.incidents.commit(creation(urgency="high", incidentId="a", key="k"))
    with pytest.raises(Conflict):
        owing.incidents.commit(creation(urgency="high", incidentId="a", type="otro"))

    assert len(owing.jobs.due(LATER, 10)) == 1


def test_a_job_is_due_from_its_time_on(owing: Any) -> None:
    _owe(owing)
    microsecond = timedelta(microseconds=1)

    assert owing.jobs.next_at() == T0
    assert [len(owing.jobs.due(T0 + n * microsecond, 10)) for n in (-1, 0, 1)] == [0, 1, 1]


def test_due_gives_the_oldest_jobs_up_to_its_limit(owing: Any) -> None:
    changes = [_owe(owing, at=T0 + n * SECOND) for n in range(4)]
    first, *_ = owing.jobs.due(LATER, 1)
    owing.jobs.postpone(first, until=T0 + 60 * SECOND, reason="otra vez")

    assert [job.change for job in owing.jobs.due(LATER, 3)] == changes[:3]
    assert [job.change for job in owing.jobs.due(T0 + 59 * SECOND, 10)] == changes[1:]


def test_next_at_is_the_earliest_time_of_what_is_owed(owing: Any) -> None:
    _owe(owing)
    _owe(owing, at=T0 + SECOND)
    first, second = owing.jobs.due(LATER, 10)

    owing.jobs.postpone(first, until=T0 + 60 * SECOND, reason="no")
    after_one = owing.jobs.next_at()
    owing.jobs.sent(second, at=T0 + 2 * SECOND)
    after_both = owing.jobs.next_at()

    assert after_one == T0 + SECOND
    assert after_both == T0 + 60 * SECOND


def test_a_sent_job_is_owed_no_more_and_repeating_changes_nothing(owing: Any) -> None:
    _owe(owing)
    (job,) = owing.jobs.due(T0, 10)

    owing.jobs.sent(job, at=T0 + SECOND)
    owing.jobs.sent(job, at=T0 + 2 * SECOND)
    owing.jobs.postpone(job, until=T0, reason="tarde")
    owing.jobs.give_up(job, at=T0, reason="tarde")

    assert owing.jobs.next_at() is None
    assert list(owing.jobs.due(LATER, 10)) == []


def test_a_postponed_job_counts_its_attempts(owing: Any) -> None:
    _owe(owing)

    for attempt in range(1, 4):
        (job,) = owing.jobs.due(LATER, 10)
        owing.jobs.postpone(job, until=T0 + attempt * SECOND, reason="sin servidor")

    (job,) = owing.jobs.due(T0 + 3 * SECOND, 10)
    assert job.attempts == 3
    assert job.created_at == T0
    assert list(owing.jobs.due(T0 + 2 * SECOND, 10)) == []


def test_a_job_that_is_given_up_is_owed_no_more(owing: Any) -> None:
    _owe(owing)
    kept = _owe(owing)
    job, _ = owing.jobs.due(T0, 10)

    owing.jobs.give_up(job, at=T0 + SECOND, reason="sin servidor")

    assert [job.change for job in owing.jobs.due(LATER, 10)] == [kept]
