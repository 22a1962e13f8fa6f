"""The filters of subscribers, as they are parsed."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.domain.errors import InvalidRequest
from alerta_utec.domain.filters import (
    EVERYTHING,
    VALUE_MAX_CHARS,
    VALUES_MAX,
    Facets,
    Filter,
)
from tests.unit.domain.strategies import json_values

NAMES = ("urgency", "status", "type", "location")


def problems(data: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as refused:
        Filter.parse(data)
    return [(problem.field, problem.key) for problem in refused.value.problems]


@pytest.mark.parametrize("data", [{}, {"urgency": []}, {"type": None, "location": []}])
def test_an_empty_filter_accepts_everything(data: dict[str, Any]) -> None:
    assert Filter.parse(data) is EVERYTHING


def test_a_filter_takes_spellings_and_single_values() -> None:
    parsed = Filter.parse(
        {"urgency": "ALTA", "status": ["En atención"], "location": ["  Laboratorio   A "]}
    )

    assert parsed == Filter(
        urgency=frozenset({"high"}),
        status=frozenset({"en_atencion"}),
        location=frozenset({"laboratorio a"}),
    )


@pytest.mark.parametrize("data", [None, [], "high", 5])
def test_a_filter_that_is_not_an_object_is_refused(data: object) -> None:
    assert problems(data) == [("filter", "not_object")]


def test_a_refused_filter_names_every_problem() -> None:
    found = problems({"urgency": ["urgente"], "status": 3, "type": [7, ""], "color": "rojo"})

    assert found == [
        ("filter.color", "not_valid"),
        ("filter.urgency", "not_one_of"),
        ("filter.status", "not_one_of"),
        ("filter.type", "not_text"),
    ]


def test_the_values_of_a_filter_are_bounded_in_number_and_length() -> None:
    for count, wrong in ((VALUES_MAX, []), (VALUES_MAX + 1, [("filter.type", "too_many")])):
        data = {"type": [f"t{number}" for number in range(count)]}
        assert (problems(data) if wrong else len(Filter.parse(data).type)) == (wrong or count)
    Filter.parse({"location": "x" * VALUE_MAX_CHARS})
    assert problems({"location": "x" * (VALUE_MAX_CHARS + 1)}) == [("filter.location", "too_long")]


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), json_values) | json_values)
def test_any_json_is_a_filter_or_refused(data: Any) -> None:
    with suppress(InvalidRequest):
        parsed = Filter.parse(data)
        assert Filter.from_json(parsed.to_json()) == parsed


FACETS = st.builds(
    Facets,
    st.sampled_from(["low", "medium", "high"]),
    st.sampled_from(["pendiente", "resuelto"]),
    st.sampled_from(["robo", "incendio"]),
    st.sampled_from(["torre a", "patio"]),
)
FILTERS = st.builds(
    Filter,
    *(
        st.frozensets(st.sampled_from(values), max_size=2)
        for values in (["low", "high"], ["pendiente"], ["robo", "incendio"], ["torre a"])
    ),
)


@given(FILTERS, FILTERS, FACETS)
def test_a_filter_within_another_accepts_what_both_accept(
    chosen: Filter, bounds: Filter, facets: Facets
) -> None:
    bounded = Filter.from_json(chosen.within(bounds).to_json())

    assert bounded.accepts(facets) == (chosen.accepts(facets) and bounds.accepts(facets))


def test_a_filter_within_no_bounds_stays_the_same_object() -> None:
    assert EVERYTHING.within(EVERYTHING) is EVERYTHING
