"""Creation of jobs: which webhooks a change is enqueued for, and how the feed is scanned."""

from collections.abc import Sequence

from alerta_utec.domain.change import Change
from alerta_utec.webhooks.enqueue import SCAN_BATCH
from alerta_utec.webhooks.model import State, Webhook
from tests.unit.webhooks.rig import Rig


def test_a_change_is_enqueued_for_the_webhooks_that_it_matches(rig: Rig) -> None:
    everything, high = rig.add(), rig.add(filter={"urgency": ["high"]})
    paused = rig.add()
    rig.webhooks.save(paused.next(state=State.PAUSED))

    matched = [set(rig.enqueue.enqueue(rig.commit(urgency=urgency))) for urgency in ("low", "high")]

    both = {everything.webhook_id, high.webhook_id}
    assert matched == [{everything.webhook_id}, both]
    assert [len(rig.pending(own)) for own in (everything, high, paused)] == [2, 1, 0]


def test_a_change_that_is_enqueued_twice_makes_one_job(rig: Rig) -> None:
    own, change = rig.add(), rig.commit()

    for _ in range(2):
        assert rig.enqueue.enqueue(change) == (own.webhook_id,)

    assert [job.change for job in rig.pending(own)] == [change]


def test_the_feed_is_scanned_to_its_end_once(rig: Rig) -> None:
    own = rig.add()
    changes = [rig.commit() for _ in range(SCAN_BATCH + 1)]

    more = [rig.scan.scan() for _ in range(3)]

    assert more == [True, False, False]
    assert [job.change for job in rig.pending(own)] == changes
    assert rig.jobs.scanned_seq() == len(changes)


def test_a_webhook_added_during_a_scan_gets_the_changes_after_it(rig: Rig) -> None:
    rig.add()
    rig.commit()
    read, added = rig.store.changes, list[Webhook]()

    def late(**wanted: int) -> Sequence[Change]:
        if not added:
            added.append(rig.add(since_seq=rig.store.position().seq))
            rig.commit()
        return read(**wanted)

    rig.store.changes = late  # type: ignore[method-assign]
    while rig.scan.scan():
        pass

    assert [job.change.after.seq for job in rig.pending(added[0])] == [2]


def test_a_change_that_matches_no_webhook_is_skipped(rig: Rig) -> None:
    own = rig.add(filter={"urgency": ["high"]})
    rig.commit(urgency="low")

    rig.scan.scan()

    assert rig.pending(own) == []
    assert rig.jobs.scanned_seq() == 1


def test_changes_from_before_the_first_webhook_are_neither_sent_nor_scanned(rig: Rig) -> None:
    for _ in range(3 * SCAN_BATCH):
        rig.commit()
    assert not rig.scan.scan()
    own = rig.add(since_seq=rig.store.position().seq)
    after = rig.commit()

    more = rig.scan.scan()

    assert not more
    assert [job.change for job in rig.pending(own)] == [after]


def test_a_resumed_webhook_does_not_get_the_changes_made_during_its_pause(rig: Rig) -> None:
    own = rig.add()
    rig.webhooks.save(own.next(state=State.PAUSED))
    rig.commit()
    rig.scan.scan()
    resumed = rig.webhooks.get(own.webhook_id)
    assert resumed is not None
    rig.webhooks.save(resumed.next(state=State.ACTIVE))
    after = rig.commit()

    rig.scan.scan()

    assert [job.change for job in rig.pending(own)] == [after]
