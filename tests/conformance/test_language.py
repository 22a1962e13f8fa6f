"""Spanish or English, by connection and by request."""

import pytest

from tests.conformance.targets import Target
from tests.support.incidents import unique

SPANISH, ENGLISH = "No existe.", "It does not exist."


@pytest.mark.parametrize(
    ("query", "accepts", "text"),
    [
        ("", None, SPANISH),
        ("lang=en", None, ENGLISH),
        ("lang=en-US", None, ENGLISH),
        ("lang=es", "en", SPANISH),
        ("lang=fr", "en", ENGLISH),
        ("", "en;q=0.9, es;q=0.4", ENGLISH),
        ("", "fr, es;q=0.2", SPANISH),
        ("", "fr", SPANISH),
    ],
)
def test_a_connection_is_answered_in_its_language(
    target: Target, query: str, accepts: str | None, text: str
) -> None:
    headers = {"Accept-Language": accepts} if accepts else {}
    with target.connect(query, headers=headers) as client:
        refused = [
            client.request({"action": "update", "incidentId": unique(), "note": "x"}),
            client.request({"action": "explotar"}),
        ]

    assert refused[0]["message"] == text
    assert refused[1]["message"].startswith("Unknown" if text == ENGLISH else "Acción")


@pytest.mark.parametrize(
    ("accepts", "text", "lang"),
    [(None, SPANISH, "es"), ("en", ENGLISH, "en"), ("en;q=0.1, es", SPANISH, "es")],
)
def test_a_request_is_answered_in_its_language(
    target: Target, accepts: str | None, text: str, lang: str
) -> None:
    headers = {"Accept-Language": accepts} if accepts else {}

    answer = target.call("GET", f"/incidents/{unique()}", headers=headers)

    assert answer.json()["title"] == text
    assert answer.headers["content-language"] == lang
