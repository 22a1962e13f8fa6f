"""``NotificationStore``: pending, held and sent notifications of each recipient."""

from datetime import timedelta
from typing import Any

import pytest

from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Conflict
from alerta_utec.domain.values import Status, Urgency
from alerta_utec.notifications.ports import ChangeDecisions, Decision, ThrottleSnapshot
from alerta_utec.notifications.throttle import Released
from alerta_utec.notifications.throttle_state import Held, Hold, HoldReason, ThrottleState, Window
from tests.contract.builders import T0, creation, update

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)
LONGEST = dict.fromkeys(HoldReason, 5 * MINUTE)
LATER = T0 + timedelta(minutes=90)
STATE = ThrottleState(0, T0, limited=True, windows={"g": Window(T0, high="a")})
ANA, LUZ = "ana@example.edu", "tgram:0123456789abcdef"
HOLD = Hold(HoldReason.GROUPED, T0 + 5 * MINUTE)


def commit(stores: Any, **fields: Any) -> Change:
    change: Change = stores.incidents.commit(creation(**({"urgency": "high"} | fields))).change
    return change


def keep(stores: Any, change: Change, **holds: Hold | None) -> None:
    """Decide about ``change`` for Ana, and for Luz if ``holds`` names her."""
    names = {"ana": ANA, "luz": LUZ}
    snapshot = stores.notifications.load(change.after.seq, [ANA, LUZ])
    decisions = {names[n]: Decision(snapshot.states[names[n]], hold) for n, hold in holds.items()}
    stores.notifications.save(change.after.seq, "g", decisions)


def outcomes(stores: Any, change: Change) -> Any:
    """Return the recorded outcome, without times."""
    [delivery] = stores.notifications.for_incident(change.incident_id)
    found = dict(delivery.outcome)
    return found, [
        {name: value for name, value in one.items() if name != "at"}
        for one in found.pop("recipients", [])
    ]


def test_a_new_store_has_nothing_pending_or_held(stores: Any) -> None:
    notifications = stores.notifications

    assert list(notifications.unrouted(10)) == []
    assert list(notifications.pending([ANA], LATER, 10)) == []
    assert list(notifications.recipients_to_release(LATER, LONGEST)) == []
    assert (notifications.next_attempt_at([ANA]), notifications.next_release_at()) == (None, None)
    assert list(notifications.for_incident("nada")) == []


@pytest.mark.parametrize(("urgency", "called_for"), [("low", 0), ("medium", 1), ("high", 1)])
def test_a_creation_is_enqueued_by_its_urgency(stores: Any, urgency: str, called_for: int) -> None:
    change = commit(stores, urgency=urgency)

    assert list(stores.notifications.unrouted(10)) == [change] * called_for


def test_an_update_is_enqueued_only_if_the_urgency_rises(stores: Any) -> None:
    low = commit(stores, urgency="low").after

    medium = stores.incidents.commit(update(low, urgency=Urgency.MEDIUM)).change
    same = stores.incidents.commit(update(medium.after, note="sigue igual")).change
    stores.incidents.commit(update(same.after, urgency=Urgency.LOW))

    assert list(stores.notifications.unrouted(10)) == [medium]


def test_a_repeat_or_a_conflict_enqueues_nothing(stores: Any) -> None:
    commit(stores, incidentId="a", key="k")

    stores.incidents.commit(creation(urgency="high", incidentId="a", key="k"))
    with pytest.raises(Conflict):
        stores.incidents.commit(creation(urgency="high", incidentId="a", type="otro"))

    assert len(stores.notifications.unrouted(10)) == 1


def test_the_oldest_changes_are_routed_first(stores: Any) -> None:
    changes = [commit(stores) for _ in range(3)]

    assert list(stores.notifications.unrouted(2)) == changes[:2]


def test_a_suppressed_change_is_recorded(stores: Any) -> None:
    change = commit(stores)

    stores.notifications.suppress([change], at=T0 + SECOND)
    stores.notifications.suppress([change], at=T0 + 2 * SECOND)

    assert list(stores.notifications.unrouted(10)) == []
    [delivery] = stores.notifications.for_incident(change.incident_id)
    assert (delivery.channel, delivery.revision, delivery.at) == ("email", 1, T0 + SECOND)
    assert dict(delivery.outcome) == {"result": "suppressed", "because": "no_rule"}


def test_a_decision_is_loaded_again_and_made_once(stores: Any) -> None:
    change = commit(stores)
    before = stores.notifications.load(change.after.seq, [ANA, LUZ])

    keep(stores, change, ana=None, luz=HOLD)

    assert before == ThrottleSnapshot({ANA: ThrottleState(), LUZ: ThrottleState()}, {})
    assert list(stores.notifications.unrouted(10)) == []
    after = stores.notifications.load(change.after.seq, [ANA, LUZ, "otro"])
    assert after.decided == {ANA: None, LUZ: HOLD}
    assert [after.states[name].version for name in (ANA, LUZ, "otro")] == [1, 1, 0]
    with pytest.raises(Conflict):
        keep(stores, change, ana=None)


def test_a_throttle_state_is_stored_only_over_the_version_that_was_read(stores: Any) -> None:
    first, second = commit(stores), commit(stores)

    stores.notifications.save(first.after.seq, "g", {ANA: Decision(STATE, None)})

    kept, _ = stores.notifications.held(ANA)
    assert kept == ThrottleState(1, STATE.full_at, STATE.limited, STATE.windows)
    with pytest.raises(Conflict):
        stores.notifications.save(
            second.after.seq,
            "g",
            {LUZ: Decision(ThrottleState(), None), ANA: Decision(STATE, None)},
        )
    assert list(stores.notifications.unrouted(10)) == [second]
    assert stores.notifications.load(second.after.seq, [ANA, LUZ]).decided == {}
    with pytest.raises(Conflict):
        stores.notifications.release(ANA, Released(STATE, T0, [], {}))


def test_several_decisions_are_stored_all_or_nothing(stores: Any) -> None:
    first, second = commit(stores), commit(stores)
    wrong = [
        ChangeDecisions(first.after.seq, "g", {ANA: Decision(ThrottleState(), None)}),
        ChangeDecisions(second.after.seq, "g", {ANA: Decision(ThrottleState(), None)}),
    ]
    right = [
        wrong[0],
        ChangeDecisions(second.after.seq, "g", {ANA: Decision(ThrottleState(1), HOLD)}),
    ]

    with pytest.raises(Conflict):
        stores.notifications.save_all(wrong)
    left = list(stores.notifications.unrouted(10))
    stores.notifications.save_all(right)

    assert left == [first, second]
    assert list(stores.notifications.unrouted(10)) == []
    state, held = stores.notifications.held(ANA)
    assert (state.version, [one.seq for one in held]) == (2, [second.after.seq])


def test_a_notification_that_leaves_at_once_is_pending_for_each_recipient(stores: Any) -> None:
    change = commit(stores)

    keep(stores, change, ana=None, luz=None)

    for name in (ANA, LUZ):
        [email] = stores.notifications.pending([name], T0, 10)
        assert (email.recipient, list(email.changes)) == (name, [change])
        assert (email.pending_since, email.attempts) == (T0, 0)
        assert stores.notifications.next_attempt_at([name]) == T0
    assert len(stores.notifications.pending([ANA, LUZ], T0, 10)) == 2
    assert outcomes(stores, change) == (
        {"result": "pending"},
        [{"to": ANA, "result": "pending"}, {"to": "tgram://…", "result": "pending"}],
    )


def test_a_clock_that_was_set_back_lengthens_no_hold_and_no_retry(stores: Any) -> None:
    notifications, held, new, failed = (stores.notifications, *(commit(stores) for _ in range(3)))
    keep(stores, held, ana=HOLD)
    keep(stores, new, luz=None)
    keep(stores, failed, ana=None)
    [email] = notifications.pending([ANA], T0, 10)
    notifications.postpone(email, at=T0, until=T0 + 15 * MINUTE, reason="sin servidor")

    ahead = HOLD.until - LONGEST[HoldReason.GROUPED]
    releases = [
        list(notifications.recipients_to_release(now, LONGEST))
        for now in (ahead, ahead - MICROSECOND)
    ]
    retries = [
        len(notifications.pending([ANA], now, 10))
        for now in (T0, T0 - MICROSECOND, T0 - 60 * MINUTE)
    ]

    assert releases == [[], [ANA]]
    assert retries == [0, 1, 1]
    assert len(notifications.pending([LUZ], T0 - 60 * MINUTE, 10)) == 1


def test_the_longest_pending_come_first_up_to_the_limit(stores: Any) -> None:
    changes = [commit(stores, at=T0 + number * SECOND) for number in range(3)]
    for change in changes:
        keep(stores, change, ana=None)
    first, *_ = stores.notifications.pending([ANA], LATER, 1)

    stores.notifications.postpone(first, at=T0, until=T0 + MINUTE, reason="otra vez")

    assert [p.changes[0] for p in stores.notifications.pending([ANA], LATER, 2)] == changes[:2]
    assert [
        p.changes[0] for p in stores.notifications.pending([ANA], T0 + 59 * SECOND, 9)
    ] == changes[1:]
    assert stores.notifications.next_attempt_at([ANA]) == T0 + SECOND


def test_each_recipient_has_an_outcome_of_its_own(stores: Any) -> None:
    change = commit(stores)
    keep(stores, change, ana=None, luz=None)
    [to_ana] = stores.notifications.pending([ANA], T0, 10)
    [to_luz] = stores.notifications.pending([LUZ], T0, 10)

    stores.notifications.mark_sent(to_ana, at=T0 + SECOND)
    stores.notifications.postpone(to_luz, at=T0 + SECOND, until=T0 + MINUTE, reason="sin servidor")

    assert list(stores.notifications.pending([ANA, LUZ], T0 + 59 * SECOND, 10)) == []
    [again] = stores.notifications.pending([ANA, LUZ], T0 + MINUTE, 10)
    assert (again.recipient, again.attempts, again.pending_since) == (LUZ, 1, T0)
    assert outcomes(stores, change) == (
        {"result": "failed", "counts": {"failed": 1, "sent": 1}},
        [
            {"to": ANA, "result": "sent"},
            {"to": "tgram://…", "result": "failed", "because": "sin servidor"},
        ],
    )


def test_an_outcome_is_final(stores: Any) -> None:
    sent, given_up = commit(stores), commit(stores)
    keep(stores, sent, ana=None)
    keep(stores, given_up, ana=None)
    first, second = stores.notifications.pending([ANA], T0, 10)
    stores.notifications.mark_sent(first, at=T0 + SECOND)
    stores.notifications.give_up(second, at=T0 + SECOND, reason="sin servidor")

    for email in (first, second):
        stores.notifications.mark_sent(email, at=T0 + 2 * SECOND)
        stores.notifications.postpone(email, at=T0, until=T0, reason="tarde")
        stores.notifications.give_up(email, at=T0, reason="tarde")

    assert list(stores.notifications.pending([ANA], LATER, 10)) == []
    assert stores.notifications.next_attempt_at([ANA]) is None
    assert outcomes(stores, sent)[0] == {"result": "sent"}
    gave_up = {"result": "given_up", "because": "sin servidor", "attempts": 1}
    assert outcomes(stores, given_up)[0] == gave_up


def test_a_held_notification_is_not_pending_until_its_release(stores: Any) -> None:
    first, second = commit(stores), commit(stores)
    keep(stores, first, ana=None)
    keep(stores, second, ana=HOLD)

    state, held = stores.notifications.held(ANA)

    assert state.version == 2
    assert list(held) == [Held(second.after.seq, "g", HOLD)]
    assert [p.changes[0] for p in stores.notifications.pending([ANA], LATER, 10)] == [first]
    assert stores.notifications.next_release_at() == HOLD.until
    assert [
        list(stores.notifications.recipients_to_release(moment, LONGEST))
        for moment in (HOLD.until - MICROSECOND, HOLD.until)
    ] == [[], [ANA]]
    until = "2035-11-16T18:17:00.123456Z"
    assert outcomes(stores, second)[0] == {"result": "held", "because": "grouped", "until": until}


def test_a_digest_leaves_as_one_and_shares_one_outcome(stores: Any) -> None:
    changes = [commit(stores) for _ in range(3)]
    for change in changes:
        keep(stores, change, ana=HOLD, luz=HOLD)
    state, _ = stores.notifications.held(ANA)
    at = T0 + 5 * MINUTE
    first, second, third = (change.after.seq for change in changes)
    limit = Hold(HoldReason.LIMIT, T0 + 9 * MINUTE)

    stores.notifications.release(ANA, Released(state, at, [[first, third]], {second: limit}))

    [email] = stores.notifications.pending([ANA], at, 10)
    assert list(email.changes) == [changes[0], changes[2]]
    assert email.pending_since == at
    assert stores.notifications.held(ANA)[1] == [Held(second, "g", limit)]
    assert len(stores.notifications.held(LUZ)[1]) == 3
    stores.notifications.postpone(email, at=at, until=at + MINUTE, reason="sin servidor")
    [again] = stores.notifications.pending([ANA], at + MINUTE, 10)
    assert (again.attempts, list(again.changes)) == (1, list(email.changes))
    stores.notifications.mark_sent(again, at=at + MINUTE)
    _, to_both = outcomes(stores, changes[2])
    assert to_both[0] == {
        "to": ANA,
        "result": "sent",
        "held": "grouped",
        "with": 1,
        "attempts": 2,
    }
    assert to_both[1]["result"] == "held"


def test_notifications_to_removed_recipients_are_given_up(stores: Any) -> None:
    sent, change = commit(stores), commit(stores)
    keep(stores, sent, luz=None)
    [email] = stores.notifications.pending([LUZ], T0, 10)
    stores.notifications.mark_sent(email, at=T0)
    keep(stores, change, ana=None, luz=HOLD)

    dropped = stores.notifications.abandon_others([ANA], at=T0 + SECOND, reason="not in the file")

    assert dropped == 1
    assert stores.notifications.next_release_at() is None
    assert stores.notifications.next_attempt_at([ANA]) == T0
    assert outcomes(stores, sent)[0] == {"result": "sent"}
    _, (to_ana, to_luz) = outcomes(stores, change)
    assert to_ana["result"] == "pending"
    assert (to_luz["result"], to_luz["because"]) == ("given_up", "not in the file")
    assert stores.notifications.abandon_others([], at=T0 + SECOND, reason="x") == 1


def test_deliveries_of_notifications_are_listed_by_revision(stores: Any) -> None:
    new = commit(stores)
    resolved = stores.incidents.commit(update(new.after, status=Status.RESUELTO)).change
    keep(stores, new, ana=None)
    keep(stores, resolved, ana=None)

    found = stores.notifications.for_incident(new.incident_id)

    assert [(one.revision, one.channel) for one in found] == [(1, "email"), (2, "email")]
