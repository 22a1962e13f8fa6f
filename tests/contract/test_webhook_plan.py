"""``WebhookPlan``: a change is owed and passed by in one step, or neither."""

from datetime import timedelta
from typing import Any

from tests.contract.builders import T0, creation, webhook

SECOND = timedelta(seconds=1)


def test_nothing_is_planned_at_first(webhook_plan: Any) -> None:
    assert webhook_plan.jobs.planned_seq() == 0


def test_a_plan_owes_its_changes_and_moves_on(webhook_plan: Any) -> None:
    one, two = webhook(), webhook(at=T0 + SECOND)
    for saved in (one, two):
        webhook_plan.registry.save(saved)
    first, second, _ = (webhook_plan.incidents.commit(creation()).change for _ in range(3))

    webhook_plan.jobs.plan(
        [(first, [one.webhook_id]), (second, [one.webhook_id, two.webhook_id])],
        up_to_seq=3,
        at=T0,
    )

    owed = [
        [job.change for job in webhook_plan.jobs.due(own.webhook_id, T0, 10)] for own in (one, two)
    ]
    assert owed == [[first, second], [second]]
    assert webhook_plan.jobs.planned_seq() == 3


def test_a_plan_that_is_repeated_late_owes_nothing_more_and_moves_nothing_back(
    webhook_plan: Any,
) -> None:
    one = webhook()
    webhook_plan.registry.save(one)
    change = webhook_plan.incidents.commit(creation()).change
    webhook_plan.jobs.plan([(change, [one.webhook_id])], up_to_seq=1, at=T0)
    (job,) = webhook_plan.jobs.due(one.webhook_id, T0, 10)
    webhook_plan.jobs.delivered(job, at=T0)
    webhook_plan.jobs.plan([], up_to_seq=5, at=T0)

    webhook_plan.jobs.plan([(change, [one.webhook_id])], up_to_seq=1, at=T0 + SECOND)

    assert list(webhook_plan.jobs.due(one.webhook_id, T0 + SECOND, 10)) == []
    assert webhook_plan.jobs.planned_seq() == 5


def test_nothing_is_owed_to_a_webhook_that_was_deleted_meanwhile(webhook_plan: Any) -> None:
    gone = webhook()
    webhook_plan.registry.save(gone)
    change = webhook_plan.incidents.commit(creation()).change
    webhook_plan.registry.delete(gone.webhook_id)

    webhook_plan.jobs.plan([(change, [gone.webhook_id])], up_to_seq=1, at=T0)

    assert webhook_plan.jobs.get(gone.webhook_id, 1) is None
    assert webhook_plan.jobs.planned_seq() == 1
