"""The catalogue of texts, and the choice of the language."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.cap.texts import CAP
from alerta_utec.domain.errors import CODES
from alerta_utec.domain.incident_words import WORDS
from alerta_utec.domain.messages import TEXTS, parse_lang, preferred_lang, text
from alerta_utec.domain.values import Status, Urgency
from alerta_utec.notifications.email_texts import EMAIL


@pytest.mark.parametrize("key", [*TEXTS, *EMAIL, *(f"cap.{key}" for key in CAP)])
def test_every_text_has_both_languages_with_the_same_placeholders(key: str) -> None:
    both = {**TEXTS, **EMAIL, **{f"cap.{name}": text for name, text in CAP.items()}}[key]

    assert both.keys() == {"es", "en"}
    names = [
        {name for _, name, _, _ in string.Formatter().parse(words) if name}
        for words in both.values()
    ]
    assert names[0] == names[1]


def test_every_code_urgency_and_status_has_its_text() -> None:
    assert set(CODES) <= TEXTS.keys()
    wanted = {f"urgency.{u}" for u in Urgency} | {f"status.{s}" for s in Status}
    assert wanted <= WORDS.keys()


def test_placeholders_are_filled() -> None:
    assert text("too_large", "en", limit=5) == "The message is over the limit of 5 bytes."


@pytest.mark.parametrize(
    ("tag", "lang"),
    [("es", "es"), ("es-PE", "es"), ("EN-us", "en"), (" en ", "en"), ("de", None), ("", None)],
)
def test_a_tag_means_a_language(tag: str, lang: str | None) -> None:
    assert parse_lang(tag) == lang


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        (None, "es"),
        ("", "es"),
        ("en", "en"),
        ("en-GB,en;q=0.9,es;q=0.8", "en"),
        ("es-PE,es;q=0.9,en;q=0.8", "es"),
        ("de,en;q=0.5", "en"),
        ("en;q=0.2,es;q=0.7", "es"),
        ("de", "es"),
        ("en;q=0", "es"),
        ("en;q=x", "es"),
        ("en;q=2", "es"),
    ],
)
def test_the_header_gives_the_language(header: str | None, lang: str) -> None:
    assert preferred_lang(header) == lang


@given(st.text())
def test_any_header_gives_a_language(header: str) -> None:
    assert preferred_lang(header) in {"es", "en"}
