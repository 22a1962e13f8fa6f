"""Rules select the recipients of a notification."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.domain.change import Change
from alerta_utec.domain.values import Status, Urgency
from alerta_utec.notifications.recipients import Kind, Recipient
from alerta_utec.notifications.rules import Facts, Hours, Pattern, Rule, RuleSet, folded
from tests.contract.builders import creation, update

LIMA = ZoneInfo("America/Lima")
# A Wednesday, at noon in Lima.
NOON = datetime(2025, 11, 19, 17, tzinfo=UTC)
GUARD = Recipient(Kind.EMAIL, "guardia@example.edu")
LAB = Recipient(Kind.EMAIL, "laboratorios@example.edu")
NIGHT = Hours(22 * 60, 6 * 60)


def routed(rules: list[Rule], change: Change, *earlier: Change) -> list[Recipient]:
    return list(RuleSet(tuple(rules), LIMA).recipients_of(change, earlier))


def matches(rule_fields: dict[str, Any], **fields: Any) -> bool:
    rule = Rule("una", (GUARD,), **rule_fields)
    return routed([rule], creation(**{"urgency": "high", "at": NOON} | fields)) == [GUARD]


def at(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=LIMA).astimezone(UTC)


def test_a_rule_without_conditions_matches_every_notification() -> None:
    assert [matches({}, urgency=urgency) for urgency in ("low", "medium", "high")] == [
        False,
        True,
        True,
    ]


def test_a_rule_needs_each_condition_and_any_of_its_values() -> None:
    rule: dict[str, Any] = {
        "urgency": frozenset({Urgency.HIGH}),
        "type": (Pattern.of("incendio"), Pattern.of("fuga*")),
    }

    assert matches(rule, type="Fuga de gas")
    assert matches(rule, type="INCENDIO")
    assert not matches(rule, type="incendio forestal")
    assert not matches(rule, type="fuga", urgency="medium")


@pytest.mark.parametrize(
    ("written", "text", "accepted"),
    [
        ("Laboratorio *", "laboratorio A", True),
        ("Laboratorio *", "Laboratorios", False),
        ("ELÉCTRICO", "electrico", True),
        ("electrico", "Eléctrico", True),
        ("straße", "STRASSE", True),
        ("x*", "x", True),
        ("x", "xx", False),
    ],
)
def test_texts_are_compared_without_case_or_accents(
    written: str, text: str, accepted: bool
) -> None:
    assert Pattern.of(written).accepts(folded(text)) is accepted


@given(st.text(), st.text())
def test_the_folded_beginning_of_a_text_begins_the_folded_text(beginning: str, rest: str) -> None:
    assert folded(beginning + rest).startswith(folded(beginning))
    assert folded(folded(beginning)) == folded(beginning)


@pytest.mark.parametrize(
    ("local", "met"),
    [
        ("2025-11-19T21:59", False),
        ("2025-11-19T22:00", True),
        ("2025-11-20T00:00", True),
        ("2025-11-20T05:59", True),
        ("2025-11-20T06:00", False),
    ],
)
def test_hours_can_pass_midnight(local: str, met: bool) -> None:
    assert matches({"hours": NIGHT}, at=at(local)) is met


def test_hours_include_their_start_and_exclude_their_end() -> None:
    rule = {"hours": Hours(8 * 60, 24 * 60)}

    found = [matches(rule, at=at(f"2025-11-19T{time}")) for time in ("07:59", "08:00", "23:59")]

    assert found == [False, True, True]
    assert not matches({"hours": Hours(0, 12 * 60)}, at=NOON)


def test_a_night_belongs_to_the_day_on_which_it_began() -> None:
    friday = {"hours": NIGHT, "days": frozenset({4})}

    assert matches(friday, at=at("2025-11-21T23:00"))
    assert matches(friday, at=at("2025-11-22T05:00"))
    assert not matches(friday, at=at("2025-11-21T05:00"))
    assert not matches(friday, at=at("2025-11-22T23:00"))


def test_days_are_those_of_the_campus() -> None:
    # Thursday in UTC already.
    assert matches({"days": frozenset({2})}, at=at("2025-11-19T22:00"))
    assert not matches({"days": frozenset({3})}, at=at("2025-11-19T22:00"))


@pytest.mark.parametrize("drill", [True, False])
def test_a_rule_can_be_for_drills_or_for_real_incidents(drill: bool) -> None:
    assert matches({"drill": drill}, drill=drill)
    assert not matches({"drill": drill}, drill=not drill)


def test_every_matching_rule_adds_its_recipients_once() -> None:
    rules = [
        Rule("una", (GUARD, Recipient(Kind.EMAIL, "Laboratorios@Example.edu"))),
        Rule("otra", (LAB, GUARD)),
        Rule("ninguna", (Recipient(Kind.EMAIL, "x@example.edu"),), type=(Pattern.of("x"),)),
        Rule("por variable", (Recipient(Kind.EMAIL, GUARD.address, named="GUARDIA"),)),
    ]

    found = routed(rules, creation(urgency="high"))

    assert [one.destination for one in found] == [GUARD.address, LAB.address]


def test_an_all_clear_goes_to_the_earlier_recipients_at_any_hour() -> None:
    rules = [
        Rule("de noche", (GUARD,), hours=NIGHT, urgency=frozenset({Urgency.HIGH})),
        Rule("de día", (LAB,), hours=Hours(6 * 60, 22 * 60)),
    ]
    new = creation(urgency="high", at=at("2025-11-19T23:00"))
    lower = update(new.after, urgency=Urgency.LOW)
    clear = update(lower.after, status=Status.RESUELTO, at=at("2025-11-20T07:00"))

    assert routed(rules, clear, new, lower) == [GUARD]


def test_a_rise_is_routed_by_its_new_urgency() -> None:
    rules = [
        Rule("media", (LAB,), urgency=frozenset({Urgency.MEDIUM})),
        Rule("alta", (GUARD,), urgency=frozenset({Urgency.HIGH})),
    ]
    new = creation(urgency="medium")
    risen = update(new.after, urgency=Urgency.HIGH)
    clear = update(risen.after, status=Status.RESUELTO)

    assert routed(rules, new) == [LAB]
    assert routed(rules, risen, new) == [GUARD]
    assert routed(rules, clear, new, risen) == [LAB, GUARD]


def test_an_incident_raised_and_resolved_at_once_has_the_recipients_of_both() -> None:
    new = creation(urgency="low")
    both = update(new.after, urgency=Urgency.HIGH, status=Status.RESUELTO)

    assert routed([Rule("una", (GUARD,))], both, new) == [GUARD]


def test_an_evaluation_names_met_and_unmet_conditions() -> None:
    rule = Rule("una", (GUARD,), type=(Pattern.of("gas"),), hours=NIGHT, drill=False)
    change = creation(urgency="high", type="Gas", at=NOON)

    evaluation = rule.evaluate(Facts.of(change, LIMA))

    assert (evaluation.met, evaluation.unmet) == (("type", "drill"), ("hours",))
    assert not evaluation.matches


def test_the_last_hour_of_the_calendar_is_used_as_it_is() -> None:
    late = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)

    assert matches({"hours": Hours(0, 1440)}, at=late)
    assert matches({}, at=late - timedelta(days=1))


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("guardia@example.edu", Kind.EMAIL),
        ("+51999999999", Kind.PHONE),
        ("tgram://1234:abc/5678", Kind.APPRISE),
        ("guardia@exámple.edu", None),
        ("guardia @example.edu", None),
        ("+0123456789", None),
        ("51999999999", None),
        ("guardia", None),
        ("a@b\n", None),
    ],
)
def test_a_recipient_has_the_kind_of_its_form(written: str, kind: Kind | None) -> None:
    recipient = Recipient.of(written)

    assert (recipient.kind if recipient else None) is kind


def test_the_stored_and_shown_names_of_a_recipient_hold_no_secret() -> None:
    url = "tgram://1234:secreto/5678"

    plain, named = Recipient(Kind.APPRISE, url), Recipient(Kind.APPRISE, url, named="GRUPO")

    for text in (plain.key, plain.shown, named.key, named.shown):
        assert "secreto" not in text
    assert plain.shown == "tgram://…"
    assert (named.key, named.shown) == ("env:GRUPO", "env:GRUPO")
