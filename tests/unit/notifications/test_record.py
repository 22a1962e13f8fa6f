"""The record of a change's e-mails."""

from dataclasses import replace
from datetime import UTC, datetime

from alerta_utec.domain.delivery import Delivery
from alerta_utec.notifications.record import RecipientOutcome, summary

AT = datetime(2025, 11, 16, 18, 12, tzinfo=UTC)
ANA = RecipientOutcome("ana@example.edu", "sent", AT)
LUZ = replace(ANA, recipient="tgram:0123456789abcdef")
SHOWN = {"to": "ana@example.edu", "at": "2025-11-16T18:12:00Z"}


def test_one_recipient_is_told_of_as_ever_and_named_beside() -> None:
    found = summary([replace(ANA, result="given_up", reason="SMTP: 451", attempts=7)])

    outcome = {"result": "given_up", "because": "SMTP: 451", "attempts": 7}
    assert found == {**outcome, "recipients": [{**SHOWN, **outcome}]}


def test_where_all_went_alike_it_is_said_once() -> None:
    found = dict(summary([ANA, LUZ]))

    assert [one["to"] for one in found.pop("recipients")] == ["ana@example.edu", "tgram://…"]
    assert found == {"result": "sent"}


def test_else_the_result_is_the_one_that_most_needs_a_look() -> None:
    held = replace(ANA, result="held", reason="limit", until=AT)

    found = dict(summary([ANA, LUZ, held, replace(ANA, result="failed", reason="x", attempts=1)]))

    assert found.pop("recipients")[2] == {
        **SHOWN,
        "result": "held",
        "because": "limit",
        "until": "2025-11-16T18:12:00Z",
    }
    assert found == {"result": "failed", "counts": {"failed": 1, "held": 1, "sent": 2}}


def test_alike_but_for_the_tries_needs_no_counts() -> None:
    found = dict(summary([ANA, replace(LUZ, attempts=3)]))

    assert [one.get("attempts") for one in found.pop("recipients")] == [None, 3]
    assert found == {"result": "sent"}


def test_recipients_are_shown_to_those_who_may_see_people_alone() -> None:
    delivery = Delivery("a", 1, "email", AT, summary([ANA]))

    assert "recipients" not in delivery.to_json()
    assert delivery.to_json(private=True)["recipients"] == [{**SHOWN, "result": "sent"}]
