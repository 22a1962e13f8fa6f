"""Texts that a reader takes for the same word are one to every comparison."""

import sqlite3
import unicodedata
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.incidents import SqliteIncidents
from alerta_utec.app.stats import Stats
from alerta_utec.domain.errors import InvalidIncident
from alerta_utec.domain.filters import Filter
from alerta_utec.domain.folding import fold, is_invisible
from alerta_utec.domain.incident import Report
from alerta_utec.notifications.throttle import group_of
from alerta_utec.ports.incidents import Query
from tests.contract.builders import creation
from tests.fakes.clock import ManualClock
from tests.support.old_database import downgrade
from tests.support.temporary_store import TemporaryStore

COMPOSED, DECOMPOSED = "Biblioteca T\u00e9cnica", "Biblioteca Te\u0301cnica"
SPELLINGS = [COMPOSED, DECOMPOSED, COMPOSED.upper(), DECOMPOSED.upper(), "biblioteca  técnica "]


@given(text=st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(text=st.text())
def test_composed_and_decomposed_and_upper_case_are_one(text: str) -> None:
    forms = {fold(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")} | {
        fold(text),
        fold(f"  {text}\t"),
    }

    assert len(forms) == 1


@given(text=st.text(st.characters(codec="ascii")))
def test_plain_letters_fold_as_all_others_do(text: str) -> None:
    assert fold(text) == " ".join(unicodedata.normalize("NFC", text.casefold()).split())


@pytest.mark.parametrize("wanted", SPELLINGS)
@pytest.mark.parametrize("reported", SPELLINGS)
def test_a_filter_accepts_every_spelling(wanted: str, reported: str) -> None:
    chosen = Filter.parse({"location": wanted})

    assert chosen.concerns(creation(location=reported))


@pytest.mark.parametrize("wanted", SPELLINGS)
@pytest.mark.parametrize("reported", SPELLINGS)
def test_a_listing_finds_every_spelling(wanted: str, reported: str) -> None:
    incidents = TemporaryStore().incidents
    incidents.commit(creation(location=reported))

    assert incidents.page(Query(location=wanted)).incidents


def test_statistics_count_every_spelling_as_the_most_frequent_one() -> None:
    incidents = TemporaryStore().incidents
    for spelling in (COMPOSED, DECOMPOSED, COMPOSED, COMPOSED.upper()):
        incidents.commit(creation(location=spelling))

    counted = Stats(incidents, ManualClock(), ZoneInfo("America/Lima")).of_last(1)

    assert counted["byLocation"] == {COMPOSED: 4}


@pytest.mark.parametrize("other", SPELLINGS)
def test_a_throttle_takes_every_spelling_for_one_place(other: str) -> None:
    assert group_of(creation(location=COMPOSED)) == group_of(creation(location=other))


def test_incidents_that_an_earlier_version_stored_are_found_too(tmp_path: Path) -> None:
    """Only the case of their columns was folded."""
    path = tmp_path / "alerta.db"
    database = Database(path)
    SqliteIncidents(database).commit(creation(location=DECOMPOSED))
    database.close()
    downgrade(path, 4)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE incidents SET location_folded = ?", (DECOMPOSED.casefold(),))

    database = Database(path)

    assert SqliteIncidents(database).page(Query(location=COMPOSED)).incidents
    database.close()


@pytest.mark.parametrize(
    "text",
    [
        "\u200b",
        "\u2060\ufeff",
        "\u00ad",
        "\u202e\u202c",
        "\u3164",
        "\u2800",
        "\u115f\u1160",
        "\u0301",
        "\u00a0\u2003",
        "\U000e0020",
        "\u061c",
        "\x1b",
    ],
)
@pytest.mark.parametrize("field", ["type", "location"])
def test_a_text_that_shows_nothing_is_refused(field: str, text: str) -> None:
    fields = {"type": "prueba", "location": "Patio", "urgency": "low"} | {field: text}

    with pytest.raises(InvalidIncident) as refused:
        Report.parse(fields)

    assert [problem.field for problem in refused.value.problems] == [f"incident.{field}"]


@pytest.mark.parametrize("text", ["🔥", "火", "ñ", "é", "👩‍🚒", "1"])
def test_a_text_that_shows_something_is_visible(text: str) -> None:
    assert not is_invisible(text)
