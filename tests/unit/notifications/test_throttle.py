"""The throttle's decisions, one after another."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerta_utec.domain.change import Change
from alerta_utec.domain.values import Status, Urgency
from alerta_utec.notifications.throttle import (
    ALLOWANCES_MAX,
    DIGESTS_MAX,
    WINDOWS_MAX,
    admit,
    group_of,
    last_high_in_window,
    release,
)
from alerta_utec.notifications.throttle_state import (
    Held,
    Hold,
    HoldReason,
    ThrottlePolicy,
    ThrottleState,
    Window,
)
from tests.contract.builders import T0, creation, update

MINUTE = timedelta(minutes=1)
POLICY = ThrottlePolicy(burst=3, per_hour=20)
INTERVAL = 3 * MINUTE


class Recipient:
    """A recipient's throttle state, and the notifications held for it."""

    def __init__(self, policy: ThrottlePolicy = POLICY) -> None:
        self.state, self.policy, self.now, self.seq = ThrottleState(), policy, T0, 0
        self.held: dict[int, Held] = {}

    def report(self, **fields: Any) -> Hold | None:
        """Decide about a report made now."""
        return self.take(creation(**({"at": self.now, "urgency": "medium"} | fields)))

    def take(self, change: Change, *, high_is_open: bool = True) -> Hold | None:
        """Decide about a committed change."""
        self.seq += 1
        self.state, hold = admit(
            self.state, change, self.now, self.policy, high_is_open=high_is_open
        )
        if hold is not None:
            self.held[self.seq] = Held(self.seq, group_of(change), hold)
        return hold

    def release(self) -> list[list[int]]:
        """Release what leaves now; return the ``seq`` of each digest."""
        released = release(self.state, self.held.values(), self.now, self.policy)
        self.state = released.state
        for seq, hold in released.holds.items():
            self.held[seq] = Held(seq, self.held[seq].group, hold)
        for digest in released.digests:
            for seq in digest:
                del self.held[seq]
        return [list(digest) for digest in released.digests]


def test_reports_of_one_type_and_place_are_held_after_the_first_and_leave_as_one() -> None:
    one = Recipient()

    first = one.report(type="Fuga de gas", location="Sótano")
    one.now += 4 * MINUTE
    others = [one.report(type="fuga de GAS", location="sotano") for _ in range(3)]
    early = one.release()
    one.now += MINUTE

    assert first is None
    assert others == [Hold(HoldReason.GROUPED, T0 + 5 * MINUTE)] * 3
    assert early == []
    assert one.release() == [[2, 3, 4]]
    assert one.report(type="fuga de gas", location="sótano") is None


def test_other_places_types_and_drills_are_separate_groups() -> None:
    one = Recipient(ThrottlePolicy())

    fields: list[dict[str, Any]] = [
        {},
        {"type": "otro"},
        {"location": "Otro"},
        {"drill": True},
        {},
    ]
    found = [one.report(**some) for some in fields]

    assert [hold is None for hold in found] == [True, True, True, True, False]


def test_the_first_high_report_of_a_window_is_never_held() -> None:
    one = Recipient()

    found = [one.report(urgency=urgency) for urgency in ("medium", "medium", "high", "high")]

    assert [hold is None for hold in found] == [True, False, True, False]


def test_a_resolution_ends_the_window_of_its_type_and_place() -> None:
    one = Recipient(ThrottlePolicy())
    for urgency in ("high", "medium"):
        fire = creation(at=one.now, type="incendio", urgency=urgency)
        one.take(fire)
        one.take(update(fire.after, at=one.now, status=Status.RESUELTO))

        again = one.report(type="Incendio", urgency=urgency)

        assert again is None
        one.now += 5 * MINUTE


def test_a_high_report_is_held_only_while_the_last_high_one_of_its_window_is_open() -> None:
    one = Recipient()
    first, second, third = (creation(at=one.now, urgency="high") for _ in range(3))
    names = []

    found = []
    for change, is_open in ((first, True), (second, False), (third, True)):
        names.append(last_high_in_window(one.state, change, one.now, POLICY))
        found.append(one.take(change, high_is_open=is_open))

    assert names == [None, first.incident_id, second.incident_id]
    assert found == [None, None, Hold(HoldReason.GROUPED, T0 + 5 * MINUTE)]


def test_the_allowance_of_one_person_is_five_in_ten_minutes() -> None:
    one = Recipient()

    def reports(count: int, **fields: Any) -> list[Hold | None]:
        places = range(one.seq, one.seq + count)
        return [one.report(location=f"Aula {n}", urgency="high", **fields) for n in places]

    student = reports(7, user="ana")
    one.now += MINUTE / 2
    student += reports(1, user="ana")
    others = [*reports(5, user="luz"), *reports(9, user="jefe", staff=True), *reports(5)]
    no_person = reports(1)
    one.now = T0 + MINUTE - timedelta(microseconds=1)
    early = one.release()
    one.now = T0 + MINUTE
    late = one.release()
    one.now = T0 + 10 * MINUTE

    wait = Hold(HoldReason.REPORTER, T0 + MINUTE)
    assert student == [None] * 5 + [wait] * 3
    assert others == [None] * 19
    assert no_person == [wait]
    assert (early, late) == ([], [[6, 7, 8, 28]])
    assert reports(6, user="ana")[4:] == [None, Hold(HoldReason.REPORTER, one.now + MINUTE)]


def test_without_sign_in_rises_and_all_clears_have_allowances_too() -> None:
    one = Recipient()
    low = [creation(at=one.now, location=f"Aula {n}", urgency="low") for n in range(6)]

    rises = [one.take(update(report.after, urgency=Urgency.HIGH)) for report in low]
    all_clears = [one.take(update(report.after, status=Status.RESUELTO)) for report in low]
    staff = [one.take(update(report.after, urgency=Urgency.HIGH, by="jefe")) for report in low]

    wait = Hold(HoldReason.REPORTER, T0 + MINUTE)
    assert rises == all_clears == [None] * 5 + [wait]
    assert staff == [None] * 6


def test_a_report_beyond_the_allowance_opens_no_window() -> None:
    one = Recipient()
    for number in range(5):
        one.report(location=f"Aula {number}", urgency="high", user="ana")

    beyond = one.report(location="Patio", urgency="high", user="ana")
    of_another = one.report(location="Patio", urgency="high", user="luz")

    assert beyond == Hold(HoldReason.REPORTER, T0 + MINUTE)
    assert of_another is None


def test_a_clock_that_was_set_back_renews_the_allowance_and_ends_its_hold() -> None:
    one = Recipient()
    one.now += timedelta(hours=1)
    for number in range(6):
        one.report(location=f"Aula {number}", urgency="high", user="ana")
    one.now = T0

    released = one.release()

    assert released == [[6]]
    assert one.report(location="Patio", urgency="high", user="ana") is None


def test_a_state_of_an_earlier_version_is_read() -> None:
    kept = {
        "fullAt": T0.isoformat(),
        "limited": False,
        "windows": {"a": [T0.isoformat(), True], "b": [T0.isoformat(), False]},
    }

    state = ThrottleState.from_json(kept, 7)

    assert state == ThrottleState(7, T0, False, {"a": Window(T0), "b": Window(T0)})


def test_rises_and_all_clears_are_never_held_and_open_no_window() -> None:
    one = Recipient(ThrottlePolicy(burst=1, per_hour=1))
    one.report(type="otro")
    low = creation(at=one.now, urgency="low")
    risen = update(low.after, urgency=Urgency.HIGH)
    resolved = update(risen.after, status=Status.RESUELTO)

    assert one.take(risen) is None
    assert one.take(resolved) is None
    assert one.report(urgency="high") is None


def test_reports_over_the_limit_wait_for_a_token_and_leave_together() -> None:
    one = Recipient()

    found = [one.report(location=f"Aula {number}") for number in range(6)]
    waiting = one.release()
    one.now += INTERVAL
    after_one_token = one.release()
    one.report(location="Aula 7")
    one.now += INTERVAL

    assert found[:3] == [None] * 3
    assert found[3:] == [Hold(HoldReason.LIMIT, T0 + INTERVAL)] * 3
    assert waiting == []
    assert after_one_token == [[4, 5, 6]]
    assert one.release() == [[7]]


def test_an_exempt_notification_leaves_the_token_to_those_that_wait() -> None:
    one = Recipient()
    for number in range(5):
        one.report(location=f"Aula {number}")

    one.now += INTERVAL
    urgent = [
        one.report(location=f"Patio {number}", urgency="high", staff=True) for number in range(9)
    ]

    assert urgent == [None] * 9
    assert one.report(location="Aula 9") == Hold(HoldReason.LIMIT, one.now)
    assert one.release() == [[4, 5, 15]]


def test_an_exempt_notification_takes_a_token_if_nothing_waits() -> None:
    one = Recipient()

    for number in range(9):
        one.report(location=f"Patio {number}", urgency="high", staff=True)

    assert one.report(location="Aula 1") == Hold(HoldReason.LIMIT, T0 + INTERVAL)


def test_groups_that_end_without_a_token_leave_as_one_when_there_is_one() -> None:
    one = Recipient(ThrottlePolicy(burst=3, per_hour=3))
    for number in range(3):
        one.report(location=f"Aula {number}")
        one.report(location=f"Aula {number}")

    one.now += 5 * MINUTE
    assert one.release() == []
    assert {held.hold for held in one.held.values()} == {Hold(HoldReason.LIMIT, T0 + 20 * MINUTE)}
    one.now += 15 * MINUTE
    assert one.release() == [[2, 4, 6]]


def test_a_late_decision_groups_as_a_prompt_one() -> None:
    one = Recipient()
    one.now += timedelta(hours=9)

    found = [one.report(at=T0 + minute * MINUTE) for minute in (0, 1, 6, 7)]

    assert found == [
        None,
        Hold(HoldReason.GROUPED, T0 + 5 * MINUTE),
        None,
        Hold(HoldReason.GROUPED, T0 + 11 * MINUTE),
    ]
    assert one.release() == [[2, 4]]


def test_a_clock_that_was_set_back_holds_nothing_for_longer_than_a_window() -> None:
    one = Recipient()
    one.now += timedelta(days=400)
    for number in range(3):
        one.report(location=f"Aula {number}")
    one.report(location="Aula 0")
    one.now = T0

    again, ahead = one.report(location="Aula 0"), one.report(at=T0 + timedelta(days=1))

    assert again == Hold(HoldReason.LIMIT, T0 + INTERVAL)
    assert ahead == Hold(HoldReason.LIMIT, T0 + INTERVAL)
    one.now += INTERVAL
    assert one.release() == [[4, 5, 6]]


def test_the_number_of_windows_and_of_allowances_is_bounded() -> None:
    one = Recipient()

    for number in range(WINDOWS_MAX + 10):
        name = f"{number:064}"
        one.report(incidentId=name, location=f"Aula {number}", urgency="high", user=name)

    assert len(one.state.windows) == WINDOWS_MAX
    assert len(one.state.allowances) == ALLOWANCES_MAX
    assert len(json.dumps(one.state.to_json())) < 100_000


def test_a_state_is_stored_as_json() -> None:
    one = Recipient()
    one.report()
    for _ in range(6):
        one.report(urgency="high", user="ana")

    kept = json.loads(json.dumps(one.state.to_json()))

    assert ThrottleState.from_json(kept, one.state.version) == one.state
    assert (
        ThrottleState.from_json(json.loads(json.dumps(ThrottleState().to_json())), 0)
        == ThrottleState()
    )


@pytest.mark.parametrize("places", [DIGESTS_MAX - 1, DIGESTS_MAX, DIGESTS_MAX + 1, 250])
def test_more_windows_than_a_release_has_room_for_leave_with_the_next_ones(places: int) -> None:
    one = Recipient(replace(POLICY, burst=1000, per_hour=1000))
    for _ in range(2):
        for place in range(places):
            one.report(location=f"Aula {place}")
    one.now += 5 * MINUTE

    released = []
    while digests := one.release():
        released.append(len(digests))

    assert max(released) <= DIGESTS_MAX
    assert sum(released) == places
    assert one.held == {}
