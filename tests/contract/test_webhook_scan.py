"""``ScannedJobs``: jobs are created and the scan advances in one step, or neither."""

from datetime import timedelta
from typing import Any

from tests.contract.builders import T0, creation, webhook

SECOND = timedelta(seconds=1)


def test_a_new_store_has_scanned_nothing(webhook_scan: Any) -> None:
    assert webhook_scan.jobs.scanned_seq() == 0


def test_a_scan_creates_jobs_and_advances(webhook_scan: Any) -> None:
    one, two = webhook(), webhook(at=T0 + SECOND)
    for saved in (one, two):
        webhook_scan.registry.save(saved)
    first, second, _ = (webhook_scan.incidents.commit(creation()).change for _ in range(3))

    webhook_scan.jobs.enqueue_scanned(
        [(first, [one.webhook_id]), (second, [one.webhook_id, two.webhook_id])],
        up_to_seq=3,
        at=T0,
    )

    pending = [
        [job.change for job in webhook_scan.jobs.due(own.webhook_id, T0, 10)] for own in (one, two)
    ]
    assert pending == [[first, second], [second]]
    assert webhook_scan.jobs.scanned_seq() == 3


def test_a_repeated_scan_creates_no_more_jobs_and_never_moves_back(
    webhook_scan: Any,
) -> None:
    one = webhook()
    webhook_scan.registry.save(one)
    change = webhook_scan.incidents.commit(creation()).change
    webhook_scan.jobs.enqueue_scanned([(change, [one.webhook_id])], up_to_seq=1, at=T0)
    (job,) = webhook_scan.jobs.due(one.webhook_id, T0, 10)
    webhook_scan.jobs.mark_delivered(job, at=T0)
    webhook_scan.jobs.enqueue_scanned([], up_to_seq=5, at=T0)

    webhook_scan.jobs.enqueue_scanned([(change, [one.webhook_id])], up_to_seq=1, at=T0 + SECOND)

    assert list(webhook_scan.jobs.due(one.webhook_id, T0 + SECOND, 10)) == []
    assert webhook_scan.jobs.scanned_seq() == 5


def test_a_scan_creates_no_job_for_a_deleted_webhook(webhook_scan: Any) -> None:
    gone = webhook()
    webhook_scan.registry.save(gone)
    change = webhook_scan.incidents.commit(creation()).change
    webhook_scan.registry.delete(gone.webhook_id)

    webhook_scan.jobs.enqueue_scanned([(change, [gone.webhook_id])], up_to_seq=1, at=T0)

    assert webhook_scan.jobs.get(gone.webhook_id, 1) is None
    assert webhook_scan.jobs.scanned_seq() == 1
