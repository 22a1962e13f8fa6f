"""``NotificationStore``: pending, sent and held notifications of each recipient."""

from datetime import timedelta
from typing import Any

import pytest

from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Conflict
from alerta_utec.domain.values import Status, Urgency
from alerta_utec.notifications.ports import ChangeDecisions, Decision, ThrottleSnapshot
from alerta_utec.notifications.throttle import (
    Held,
    Hold,
    HoldReason,
    Released,
    ThrottleState,
    Window,
)
from tests.contract.builders import T0, creation, update

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
LATER = T0 + timedelta(minutes=90)
STATE = ThrottleState(0, T0, limited=True, windows={"g": Window(T0, high=True)})
ANA, LUZ = "ana@example.edu", "tgram:0123456789abcdef"
HOLD = Hold(HoldReason.GROUPED, T0 + 5 * MINUTE)


def commit(owing: Any, **fields: Any) -> Change:
    change: Change = owing.incidents.commit(creation(**({"urgency": "high"} | fields))).change
    return change


def keep(owing: Any, change: Change, **holds: Hold | None) -> None:
    """Store a decision on ``change`` for Ana, and for Luz if named."""
    names = {"ana": ANA, "luz": LUZ}
    snapshot = owing.notices.load(change.after.seq, [ANA, LUZ])
    decisions = {names[n]: Decision(snapshot.states[names[n]], hold) for n, hold in holds.items()}
    owing.notices.save(change.after.seq, "g", decisions)


def outcomes(owing: Any, change: Change) -> Any:
    """Return the recorded outcomes without times."""
    [delivery] = owing.notices.for_incident(change.incident_id)
    found = dict(delivery.outcome)
    return found, [
        {name: value for name, value in one.items() if name != "at"}
        for one in found.pop("recipients", [])
    ]


def test_a_new_store_has_nothing_pending_or_held(owing: Any) -> None:
    notices = owing.notices

    assert list(notices.unrouted(10)) == []
    assert list(notices.pending([ANA], LATER, 10)) == []
    assert list(notices.recipients_to_release(LATER)) == []
    assert (notices.next_attempt_at([ANA]), notices.next_release_at()) == (None, None)
    assert list(notices.for_incident("nada")) == []


@pytest.mark.parametrize(("urgency", "called_for"), [("low", 0), ("medium", 1), ("high", 1)])
def test_a_creation_is_enqueued_by_its_urgency(owing: Any, urgency: str, called_for: int) -> None:
    change = commit(owing, urgency=urgency)

    assert list(owing.notices.unrouted(10)) == [change] * called_for


def test_an_update_is_enqueued_only_if_the_urgency_rises(owing: Any) -> None:
    low = commit(owing, urgency="low").after

    medium = owing.incidents.commit(update(low, urgency=Urgency.MEDIUM)).change
    same = owing.incidents.commit(update(medium.after, note="sigue igual")).change
    owing.incidents.commit(update(same.after, urgency=Urgency.LOW))

    assert list(owing.notices.unrouted(10)) == [medium]


def test_a_repeat_or_a_conflict_enqueues_nothing(owing: Any) -> None:
    commit(owing, incidentId="a", key="k")

    owing.incidents.commit(creation(urgency="high", incidentId="a", key="k"))
    with pytest.raises(Conflict):
        owing.incidents.commit(creation(urgency="high", incidentId="a", type="otro"))

    assert len(owing.notices.unrouted(10)) == 1


def test_the_oldest_changes_are_routed_first(owing: Any) -> None:
    changes = [commit(owing) for _ in range(3)]

    assert list(owing.notices.unrouted(2)) == changes[:2]


def test_a_suppressed_change_is_recorded(owing: Any) -> None:
    change = commit(owing)

    owing.notices.suppress([change], at=T0 + SECOND)
    owing.notices.suppress([change], at=T0 + 2 * SECOND)

    assert list(owing.notices.unrouted(10)) == []
    [delivery] = owing.notices.for_incident(change.incident_id)
    assert (delivery.channel, delivery.revision, delivery.at) == ("email", 1, T0 + SECOND)
    assert dict(delivery.outcome) == {"result": "suppressed", "because": "no_rule"}


def test_a_decision_is_loaded_again_and_made_once(owing: Any) -> None:
    change = commit(owing)
    before = owing.notices.load(change.after.seq, [ANA, LUZ])

    keep(owing, change, ana=None, luz=HOLD)

    assert before == ThrottleSnapshot({ANA: ThrottleState(), LUZ: ThrottleState()}, {})
    assert list(owing.notices.unrouted(10)) == []
    after = owing.notices.load(change.after.seq, [ANA, LUZ, "otro"])
    assert after.decided == {ANA: None, LUZ: HOLD}
    assert [after.states[name].version for name in (ANA, LUZ, "otro")] == [1, 1, 0]
    with pytest.raises(Conflict):
        keep(owing, change, ana=None)


def test_a_throttle_state_is_stored_only_over_the_version_that_was_read(owing: Any) -> None:
    first, second = commit(owing), commit(owing)

    owing.notices.save(first.after.seq, "g", {ANA: Decision(STATE, None)})

    kept, _ = owing.notices.held(ANA)
    assert kept == ThrottleState(1, STATE.full_at, STATE.limited, STATE.windows)
    with pytest.raises(Conflict):
        owing.notices.save(
            second.after.seq,
            "g",
            {LUZ: Decision(ThrottleState(), None), ANA: Decision(STATE, None)},
        )
    assert list(owing.notices.unrouted(10)) == [second]
    assert owing.notices.load(second.after.seq, [ANA, LUZ]).decided == {}
    with pytest.raises(Conflict):
        owing.notices.release(ANA, Released(STATE, T0, [], {}))


def test_several_decisions_are_stored_all_or_nothing(owing: Any) -> None:
    first, second = commit(owing), commit(owing)
    wrong = [
        ChangeDecisions(first.after.seq, "g", {ANA: Decision(ThrottleState(), None)}),
        ChangeDecisions(second.after.seq, "g", {ANA: Decision(ThrottleState(), None)}),
    ]
    right = [
        wrong[0],
        ChangeDecisions(second.after.seq, "g", {ANA: Decision(ThrottleState(1), HOLD)}),
    ]

    with pytest.raises(Conflict):
        owing.notices.save_all(wrong)
    left = list(owing.notices.unrouted(10))
    owing.notices.save_all(right)

    assert left == [first, second]
    assert list(owing.notices.unrouted(10)) == []
    state, held = owing.notices.held(ANA)
    assert (state.version, [one.seq for one in held]) == (2, [second.after.seq])


def test_a_notification_that_leaves_at_once_is_pending_for_each_recipient(owing: Any) -> None:
    change = commit(owing)

    keep(owing, change, ana=None, luz=None)

    for name in (ANA, LUZ):
        [email] = owing.notices.pending([name], T0, 10)
        assert (email.recipient, list(email.changes)) == (name, [change])
        assert (email.pending_since, email.attempts) == (T0, 0)
        assert owing.notices.next_attempt_at([name]) == T0
    assert len(owing.notices.pending([ANA, LUZ], T0, 10)) == 2
    assert list(owing.notices.pending([ANA, LUZ], T0 - SECOND, 10)) == []
    assert outcomes(owing, change) == (
        {"result": "pending"},
        [{"to": ANA, "result": "pending"}, {"to": "tgram://…", "result": "pending"}],
    )


def test_the_longest_pending_come_first_up_to_the_limit(owing: Any) -> None:
    changes = [commit(owing, at=T0 + number * SECOND) for number in range(3)]
    for change in changes:
        keep(owing, change, ana=None)
    first, *_ = owing.notices.pending([ANA], LATER, 1)

    owing.notices.postpone(first, at=T0, until=T0 + MINUTE, reason="otra vez")

    assert [p.changes[0] for p in owing.notices.pending([ANA], LATER, 2)] == changes[:2]
    assert [p.changes[0] for p in owing.notices.pending([ANA], T0 + 59 * SECOND, 9)] == changes[1:]
    assert owing.notices.next_attempt_at([ANA]) == T0 + SECOND


def test_each_recipient_has_an_outcome_of_its_own(owing: Any) -> None:
    change = commit(owing)
    keep(owing, change, ana=None, luz=None)
    [to_ana] = owing.notices.pending([ANA], T0, 10)
    [to_luz] = owing.notices.pending([LUZ], T0, 10)

    owing.notices.mark_sent(to_ana, at=T0 + SECOND)
    owing.notices.postpone(to_luz, at=T0 + SECOND, until=T0 + MINUTE, reason="sin servidor")

    assert list(owing.notices.pending([ANA, LUZ], T0 + 59 * SECOND, 10)) == []
    [again] = owing.notices.pending([ANA, LUZ], T0 + MINUTE, 10)
    assert (again.recipient, again.attempts, again.pending_since) == (LUZ, 1, T0)
    assert outcomes(owing, change) == (
        {"result": "failed", "counts": {"failed": 1, "sent": 1}},
        [
            {"to": ANA, "result": "sent"},
            {"to": "tgram://…", "result": "failed", "because": "sin servidor"},
        ],
    )


def test_an_outcome_is_final(owing: Any) -> None:
    sent, given_up = commit(owing), commit(owing)
    keep(owing, sent, ana=None)
    keep(owing, given_up, ana=None)
    first, second = owing.notices.pending([ANA], T0, 10)
    owing.notices.mark_sent(first, at=T0 + SECOND)
    owing.notices.give_up(second, at=T0 + SECOND, reason="sin servidor")

    for email in (first, second):
        owing.notices.mark_sent(email, at=T0 + 2 * SECOND)
        owing.notices.postpone(email, at=T0, until=T0, reason="tarde")
        owing.notices.give_up(email, at=T0, reason="tarde")

    assert list(owing.notices.pending([ANA], LATER, 10)) == []
    assert owing.notices.next_attempt_at([ANA]) is None
    assert outcomes(owing, sent)[0] == {"result": "sent"}
    gave_up = {"result": "given_up", "because": "sin servidor", "attempts": 1}
    assert outcomes(owing, given_up)[0] == gave_up


def test_a_held_notification_is_not_pending_until_its_release(owing: Any) -> None:
    first, second = commit(owing), commit(owing)
    keep(owing, first, ana=None)
    keep(owing, second, ana=HOLD)

    state, held = owing.notices.held(ANA)

    assert state.version == 2
    assert list(held) == [Held(second.after.seq, "g", HOLD)]
    assert [p.changes[0] for p in owing.notices.pending([ANA], LATER, 10)] == [first]
    assert owing.notices.next_release_at() == HOLD.until
    assert [
        list(owing.notices.recipients_to_release(HOLD.until + n * timedelta(microseconds=1)))
        for n in (-1, 0)
    ] == [[], [ANA]]
    until = "2035-11-16T18:17:00.123456Z"
    assert outcomes(owing, second)[0] == {"result": "held", "because": "grouped", "until": until}


def test_a_digest_leaves_as_one_and_shares_one_outcome(owing: Any) -> None:
    changes = [commit(owing) for _ in range(3)]
    for change in changes:
        keep(owing, change, ana=HOLD, luz=HOLD)
    state, _ = owing.notices.held(ANA)
    at = T0 + 5 * MINUTE
    first, second, third = (change.after.seq for change in changes)
    limit = Hold(HoldReason.LIMIT, T0 + 9 * MINUTE)

    owing.notices.release(ANA, Released(state, at, [[first, third]], {second: limit}))

    [email] = owing.notices.pending([ANA], at, 10)
    assert list(email.changes) == [changes[0], changes[2]]
    assert email.pending_since == at
    assert owing.notices.held(ANA)[1] == [Held(second, "g", limit)]
    assert len(owing.notices.held(LUZ)[1]) == 3
    owing.notices.postpone(email, at=at, until=at + MINUTE, reason="sin servidor")
    [again] = owing.notices.pending([ANA], at + MINUTE, 10)
    assert (again.attempts, list(again.changes)) == (1, list(email.changes))
    owing.notices.mark_sent(again, at=at + MINUTE)
    _, to_both = outcomes(owing, changes[2])
    assert to_both[0] == {
        "to": ANA,
        "result": "sent",
        "held": "grouped",
        "with": 1,
        "attempts": 2,
    }
    assert to_both[1]["result"] == "held"


def test_notifications_to_removed_recipients_are_given_up(owing: Any) -> None:
    sent, change = commit(owing), commit(owing)
    keep(owing, sent, luz=None)
    [email] = owing.notices.pending([LUZ], T0, 10)
    owing.notices.mark_sent(email, at=T0)
    keep(owing, change, ana=None, luz=HOLD)

    dropped = owing.notices.abandon_others([ANA], at=T0 + SECOND, reason="not in the file")

    assert dropped == 1
    assert owing.notices.next_release_at() is None
    assert owing.notices.next_attempt_at([ANA]) == T0
    assert outcomes(owing, sent)[0] == {"result": "sent"}
    _, (to_ana, to_luz) = outcomes(owing, change)
    assert to_ana["result"] == "pending"
    assert (to_luz["result"], to_luz["because"]) == ("given_up", "not in the file")
    assert owing.notices.abandon_others([], at=T0 + SECOND, reason="x") == 1


def test_deliveries_of_notifications_are_listed_by_revision(owing: Any) -> None:
    new = commit(owing)
    resolved = owing.incidents.commit(update(new.after, status=Status.RESUELTO)).change
    keep(owing, new, ana=None)
    keep(owing, resolved, ana=None)

    found = owing.notices.for_incident(new.incident_id)

    assert [(one.revision, one.channel) for one in found] == [(1, "email"), (2, "email")]
