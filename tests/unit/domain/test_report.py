"""``Report``: accepted input, and the problem of each refused one."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.domain.errors import InvalidIncident, Problem
from alerta_utec.domain.incident import EXTRAS_MAX, EXTRAS_MAX_BYTES, SERVER_FIELDS, Report
from alerta_utec.domain.messages import TEXTS, text
from alerta_utec.domain.values import Status, Urgency
from tests.unit.domain.strategies import FIELDS, json_values, valid_reports, wild_reports

PLAIN: dict[str, Any] = {"type": "prueba", "location": "Laboratorio A", "urgency": "low"}


def _problems(data: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidIncident) as refusal:
        Report.parse(data)
    return [(problem.field, problem.key) for problem in refusal.value.problems]


@given(json_values | wild_reports)
def test_any_json_is_a_report_or_an_invalid_incident_with_reasons(data: object) -> None:
    problems: Sequence[Problem] | None = None
    try:
        assert len(Report.parse(data).digest()) == 64
    except InvalidIncident as refusal:
        problems = refusal.problems

    assert problems is None or len(problems) > 0
    for problem in problems or ():
        assert problem.field.split(".")[0] == "incident"
        assert text(problem.key, "es", **problem.params)
        assert text(problem.key, "en", **problem.params)


@given(wild_reports.map(lambda data: data | {"urgency": "\ud800", "x": "\udfff"}))
def test_lone_surrogates_are_refused(data: object) -> None:
    assert _problems(data)


@given(valid_reports)
def test_normalising_twice_changes_nothing(data: dict[str, Any]) -> None:
    report = Report.parse(data)

    again = Report.parse(report.model_dump(mode="json", by_alias=True, exclude_unset=True))

    assert again == report
    assert again.digest() == report.digest()


@given(valid_reports, st.randoms())
def test_the_digest_does_not_depend_on_the_order_of_fields(
    data: dict[str, Any], random: Any
) -> None:
    names = list(data)
    random.shuffle(names)

    shuffled = Report.parse({name: data[name] for name in names})

    assert shuffled.digest() == Report.parse(data).digest()


@given(valid_reports | valid_reports.map(lambda data: {k: data[k] for k in FIELDS & data.keys()}))
def test_the_digest_is_that_of_sorted_compact_json_which_stores_hold(data: dict[str, Any]) -> None:
    report = Report.parse(data)
    fields = report.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if not report.drill:
        fields.pop("drill", None)

    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert report.digest() == hashlib.sha256(text.encode()).hexdigest()


@given(valid_reports, st.sampled_from(["type", "location", "description"]))
def test_a_report_with_other_content_has_another_digest(data: dict[str, Any], field: str) -> None:
    other = data | {field: "cosa distinta a todo lo demás"}

    assert Report.parse(other).digest() != Report.parse(data).digest()


@given(valid_reports)
def test_extra_fields_stay_unchanged(data: dict[str, Any]) -> None:
    extras = Report.parse(data).extras

    assert extras == {name: value for name, value in data.items() if name not in FIELDS}


def test_two_spellings_of_one_report_have_one_digest() -> None:
    first = {
        **PLAIN,
        "urgency": "HIGH",
        "status": "En atención",
        "timestamp": "2025-11-16T18:12:00Z",
    }
    second = {
        **PLAIN,
        "type": "  prueba\n",
        "urgency": "alta",
        "status": "en_atencion",
        "timestamp": "2025-11-16t13:12:00.000-05:00",
    }

    assert Report.parse(first).digest() == Report.parse(second).digest()


@pytest.mark.parametrize("spelling", ["high", "HIGH", " High ", "alta", "Alto", "\uff28igh"])
def test_an_urgency_is_accepted_in_each_spelling(spelling: str) -> None:
    assert Report.parse(PLAIN | {"urgency": spelling}).urgency is Urgency.HIGH


@pytest.mark.parametrize(
    "spelling", ["en_atencion", "En atención", "EN-ATENCION", "en  atencio\u0301n", " en atencion "]
)
def test_a_status_is_accepted_in_each_spelling(spelling: str) -> None:
    assert Report.parse(PLAIN | {"status": spelling}).status is Status.EN_ATENCION


@pytest.mark.parametrize("value", ["", "urgente", "1", 1, True, None, ["high"], "h" * 41])
def test_an_unknown_urgency_is_refused(value: object) -> None:
    assert _problems(PLAIN | {"urgency": value}) == [("incident.urgency", "not_one_of")]


@pytest.mark.parametrize(("field", "limit"), [("type", 80), ("location", 120)])
def test_one_line_texts_have_from_1_to_their_limit(field: str, limit: int) -> None:
    for length in (1, limit - 1, limit):
        assert getattr(Report.parse(PLAIN | {field: "ñ" * length}), field) == "ñ" * length
    assert _problems(PLAIN | {field: "ñ" * (limit + 1)}) == [(f"incident.{field}", "too_long")]
    assert _problems(PLAIN | {field: ""}) == [(f"incident.{field}", "empty")]
    assert _problems(PLAIN | {field: " \n\t\u2028 "}) == [(f"incident.{field}", "empty")]


def test_the_limit_counts_the_normalised_text() -> None:
    assert Report.parse(PLAIN | {"type": f"  {'x' * 80}  "}).type == "x" * 80


def test_a_description_has_from_0_to_4000_characters() -> None:
    for length in (0, 1, 3999, 4000):
        assert len(Report.parse(PLAIN | {"description": "🎓" * length}).description) == length
    assert _problems(PLAIN | {"description": "🎓" * 4001}) == [("incident.description", "too_long")]


def test_an_id_has_from_1_to_64_plain_characters() -> None:
    for length in (1, 63, 64):
        assert Report.parse(PLAIN | {"incidentId": "a" * length}).incident_id == "a" * length
    for wrong in (".", "..", "-a", "", "a" * 65, "a b", "á", "a/b", "a\n", 7):
        assert _problems(PLAIN | {"incidentId": wrong}) == [("incident.incidentId", "not_id")]


@pytest.mark.parametrize("value", [True, False])
def test_a_drill_is_true_or_false(value: bool) -> None:
    assert Report.parse(PLAIN | {"drill": value}).drill is value


@pytest.mark.parametrize("value", ["true", "sí", "", 1, 0, None, [], {}])
def test_a_drill_that_is_not_a_boolean_is_refused(value: object) -> None:
    assert _problems(PLAIN | {"drill": value}) == [("incident.drill", "not_boolean")]


def test_a_drill_has_another_digest_and_false_the_same_as_a_missing_one() -> None:
    plain, no_drill, drill = (
        Report.parse(PLAIN | more).digest() for more in ({}, {"drill": False}, {"drill": True})
    )

    assert plain == no_drill
    assert plain != drill


def test_a_report_has_twenty_extra_fields_at_most() -> None:
    def extras(count: int) -> dict[str, int]:
        return {f"campo{number}": number for number in range(count)}

    for count in (EXTRAS_MAX - 1, EXTRAS_MAX):
        assert len(Report.parse(PLAIN | extras(count)).extras) == count
    assert _problems(PLAIN | extras(EXTRAS_MAX + 1)) == [("incident", "too_many_extras")]


def test_extra_fields_have_8_kb_together_at_most() -> None:
    def extras(size: int) -> dict[str, str]:
        return {"x": "a" * (size - len(json.dumps({"x": ""})))}

    for size in (EXTRAS_MAX_BYTES - 1, EXTRAS_MAX_BYTES):
        assert Report.parse(PLAIN | extras(size)).extras == extras(size)
    assert _problems(PLAIN | extras(EXTRAS_MAX_BYTES + 1)) == [("incident", "extras_too_large")]


@pytest.mark.parametrize("name", sorted(SERVER_FIELDS))
def test_a_field_that_the_server_sets_is_refused(name: str) -> None:
    assert _problems(PLAIN | {name: 1}) == [(f"incident.{name}", "reserved")]


def test_a_refused_report_names_every_problem() -> None:
    wrong = {
        "incidentId": "con espacios",
        "type": 5,
        "location": "",
        "description": "x" * 4001,
        "urgency": "urgente",
        "status": True,
        "timestamp": "ayer",
        "seq": 1,
        **{f"campo{number}": number for number in range(EXTRAS_MAX + 1)},
    }

    assert _problems(wrong) == [
        ("incident.incidentId", "not_id"),
        ("incident.type", "not_text"),
        ("incident.location", "empty"),
        ("incident.description", "too_long"),
        ("incident.urgency", "not_one_of"),
        ("incident.status", "not_one_of"),
        ("incident.timestamp", "not_timestamp"),
        ("incident", "too_many_extras"),
        ("incident.seq", "reserved"),
    ]


@pytest.mark.parametrize("data", [None, [], "texto", 5, True])
def test_a_report_that_is_not_an_object_is_refused(data: object) -> None:
    assert _problems(data) == [("incident", "not_object")]


def test_an_empty_object_lacks_its_three_fields() -> None:
    assert _problems({}) == [
        ("incident.type", "missing"),
        ("incident.location", "missing"),
        ("incident.urgency", "missing"),
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [{"a": -float("inf")}]])
def test_a_number_that_is_not_finite_is_refused(value: object) -> None:
    assert _problems(PLAIN | {"x": value}) == [("incident", "not_finite")]


def test_control_characters_are_removed_and_only_the_description_keeps_line_breaks() -> None:
    report = Report.parse(
        PLAIN | {"type": "a\r\nb\x00c\x85d", "description": "uno\r\ndos\rtres\x07\u2028\n"}
    )

    assert report.type == "a b c d"
    assert report.description == "uno\ndos\ntres\n"


def test_every_problem_has_its_text() -> None:
    assert all(set(languages) == {"es", "en"} for languages in TEXTS.values())
    assert Problem("f", "missing").params == {}
