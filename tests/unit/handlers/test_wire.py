"""Decoding messages and encoding responses."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec import wire
from alerta_utec.domain.errors import ERRORS, BadJson, InvalidRequest, TooLarge, UnknownAction
from alerta_utec.domain.messages import TEXTS
from alerta_utec.handlers.messages import MessageRoute
from alerta_utec.handlers.websocket import Default
from tests import events
from tests.unit.handlers.test_messages import NoLanguages

LIMIT = wire.MESSAGE_MAX_BYTES

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
objects = st.dictionaries(st.text(), json_values, max_size=6)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_input_decodes_to_an_object_or_is_refused(data: bytes | str) -> None:
    try:
        decoded = wire.decode(data)
    except (BadJson, TooLarge):
        return

    assert isinstance(decoded, dict)


@given(st.text(alphabet='{}[]",:\\ud80ntruefalsNI-+.eE0123456789 ', max_size=60))
def test_near_json_decodes_to_an_object_or_is_refused(text: str) -> None:
    try:
        decoded = wire.decode(text)
    except BadJson:
        return

    assert decoded == json.loads(text)


@given(objects)
def test_an_encoded_object_decodes_to_the_same(value: dict[str, Any]) -> None:
    assert wire.decode(wire.encode(value)) == value


@given(json_values.filter(lambda value: not isinstance(value, dict)))
def test_json_that_is_not_an_object_is_refused(value: Any) -> None:
    with pytest.raises(BadJson):
        wire.decode(json.dumps(value))


@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT])
def test_a_message_up_to_the_limit_is_accepted(size: int) -> None:
    text = '{"a":"' + "x" * (size - 8) + '"}'

    assert len(wire.decode(text)["a"]) == size - 8


@pytest.mark.parametrize("letter", ["x", "ñ"], ids=["ascii", "two bytes"])
def test_a_message_over_the_limit_in_bytes_is_too_large(letter: str) -> None:
    text = letter * (LIMIT // len(letter.encode()) + 1)

    with pytest.raises(TooLarge) as refused:
        wire.decode(text)

    assert refused.value.params == {"limit": LIMIT}


@pytest.mark.parametrize(
    "text",
    [
        '{"a":NaN}',
        '{"a":Infinity}',
        '{"a":-Infinity}',
        '{"a":"\\ud800"}',
        '{"\\udc00":1}',
        '{"a":"\ud800"}',
        '{"a":1}x',
        "\ufeff{}",
        '{"a":1,}',
        "{'a':1}",
        '{"a":01}',
        '{"a":"\t"}',
        '{"a":' + "9" * 5000 + "}",
        '{"a":' + "[" * 201 + "]" * 201 + "}",
    ],
    ids=lambda text: repr(text[:16]),
)
def test_json_that_breaks_the_standard_is_refused(text: str) -> None:
    with pytest.raises(BadJson):
        wire.decode(text)


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    with pytest.raises(BadJson):
        wire.decode(b'{"a":"\xff"}')


@given(st.dictionaries(st.sampled_from(["requestId", "other"]), json_values))
def test_a_request_id_is_echoed_only_if_it_is_valid(body: dict[str, Any]) -> None:
    route = MessageRoute(Default(), NoLanguages())

    answer = json.loads(route.handle(events.message("default", json.dumps(body)))["body"])

    given_id = body.get("requestId")
    valid = isinstance(given_id, str) and 1 <= len(given_id) <= wire.REQUEST_ID_MAX
    assert answer.get("requestId") == (given_id if valid else None)


@pytest.mark.parametrize("value", ["", "x" * 6, 1, True, [], {}])
def test_a_text_out_of_bounds_is_refused_by_its_name(value: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        wire.optional_text({"name": value}, "name", 5)

    assert [problem.field for problem in refused.value.problems] == ["name"]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.code)
@pytest.mark.parametrize("lang", ["es", "en"])
def test_every_error_has_a_text_in_both_languages(kind: Any, lang: Any) -> None:
    special = {TooLarge: lambda: TooLarge(1), UnknownAction: lambda: UnknownAction(("ping",))}

    body = wire.error_body(special.get(kind, kind)(), lang=lang)

    assert body["code"] == kind.code
    assert body["message"].endswith(".")
    assert "{" not in body["message"]


def test_the_two_languages_have_different_texts() -> None:
    assert all(texts["es"] != texts["en"] for texts in TEXTS.values())
