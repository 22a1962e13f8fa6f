"""The record of a change's e-mails."""

from dataclasses import replace
from datetime import UTC, datetime

from alerta_utec.domain.delivery import Delivery
from alerta_utec.notifications.record import RecipientOutcome, summary

AT = datetime(2025, 11, 16, 18, 12, tzinfo=UTC)
ANA = RecipientOutcome("ana@example.edu", "sent", AT)
LUZ = replace(ANA, recipient="tgram:0123456789abcdef")
SHOWN = {"to": "ana@example.edu", "at": "2025-11-16T18:12:00Z"}


def test_the_outcome_of_a_single_recipient_is_the_summary() -> None:
    found = summary([replace(ANA, result="given_up", reason="SMTP: 451", attempts=7)])

    outcome = {"result": "given_up", "because": "SMTP: 451", "attempts": 7}
    assert found == {**outcome, "recipients": [{**SHOWN, **outcome}]}


def test_equal_outcomes_are_summarised_once() -> None:
    found = dict(summary([ANA, LUZ]))

    assert [one["to"] for one in found.pop("recipients")] == ["ana@example.edu", "tgram://…"]
    assert found == {"result": "sent"}


def test_the_result_is_the_one_that_needs_most_attention() -> None:
    held = replace(ANA, result="held", reason="limit", until=AT)

    found = dict(summary([ANA, LUZ, held, replace(ANA, result="failed", reason="x", attempts=1)]))

    assert found.pop("recipients")[2] == {
        **SHOWN,
        "result": "held",
        "because": "limit",
        "until": "2025-11-16T18:12:00Z",
    }
    assert found == {"result": "failed", "counts": {"failed": 1, "held": 1, "sent": 2}}


def test_outcomes_that_differ_only_in_attempts_have_no_counts() -> None:
    found = dict(summary([ANA, replace(LUZ, attempts=3)]))

    assert [one.get("attempts") for one in found.pop("recipients")] == [None, 3]
    assert found == {"result": "sent"}


def test_recipients_are_shown_only_to_people_who_can_see_names() -> None:
    delivery = Delivery("a", 1, "email", AT, summary([ANA]))

    assert "recipients" not in delivery.to_json()
    assert delivery.to_json(private=True)["recipients"] == [{**SHOWN, "result": "sent"}]
