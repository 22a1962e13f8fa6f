"""The bodies with which callers add, change and rotate webhooks: what is accepted and refused."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from alerta_utec.domain.errors import InvalidRequest
from alerta_utec.webhooks.formats import Format
from alerta_utec.webhooks.model import State
from alerta_utec.webhooks.requests import DESCRIPTION_MAX, URL_MAX, WebhookRequest
from tests.contract.builders import T0, webhook

URL = "https://receptor.example/ganchos"


def problems(parse: Any, data: object) -> dict[str, str]:
    """Return the problems found, by field."""
    with pytest.raises(InvalidRequest) as refusal:
        parse(data)
    return {problem.field: problem.key for problem in refusal.value.problems}


def secret(length: int) -> str:
    return "whsec_" + base64.b64encode(bytes(range(length))).decode()


def test_a_valid_request_makes_the_webhook_it_describes() -> None:
    wanted = WebhookRequest.to_create(
        {
            "url": URL,
            "filter": {"urgency": "alta"},
            "description": "  Señalización\n del campus ",
            "secret": secret(32),
        }
    )

    made = wanted.created("id-1", at=T0, since_seq=4)

    assert (made.url, made.description) == (URL, "Señalización del campus")
    assert made.filter.urgency == {"high"}
    assert [own.value for own in made.secrets] == [secret(32)]
    assert (made.state, made.since_seq, made.revision) == (State.ACTIVE, 4, 1)


def test_every_problem_is_reported_at_once() -> None:
    data = {
        "url": "ftp://receptor.example/",
        "filter": {"urgency": "urgentísima", "planta": "3"},
        "description": 7,
        "format": "xml",
        "secret": "whsec_corto",
        "state": "paused",
        "webhookId": "x",
    }

    assert problems(WebhookRequest.to_create, data) == {
        "url": "not_url",
        "filter.urgency": "not_one_of",
        "filter.planta": "not_valid",
        "description": "not_text",
        "format": "not_one_of",
        "secret": "not_secret",
        "state": "not_valid",
        "webhookId": "reserved",
    }


@pytest.mark.parametrize("chosen", list(Format))
def test_every_format_can_be_chosen_and_changed(chosen: Format) -> None:
    made = WebhookRequest.to_create({"url": URL, "format": chosen.value})
    changed = WebhookRequest.to_change({"format": chosen.value})

    assert made.created("id-1", at=T0, since_seq=0).format is chosen
    assert changed.changed(webhook()).format is chosen


@pytest.mark.parametrize("wrong", ["JSON", "", "xml", 7, ["json"], {"json": 1}, True])
def test_no_other_format_can_be_chosen(wrong: object) -> None:
    assert problems(WebhookRequest.to_change, {"format": wrong}) == {"format": "not_one_of"}


@pytest.mark.parametrize("data", [None, [], "https://receptor.example/", 3])
def test_a_body_that_is_no_object_is_refused(data: object) -> None:
    assert problems(WebhookRequest.to_change, data) == {"": "not_object"}


@pytest.mark.parametrize("data", [{}, {"url": None}])
def test_a_webhook_needs_a_url(data: dict[str, Any]) -> None:
    assert problems(WebhookRequest.to_create, data) == {"url": "missing"}


@pytest.mark.parametrize(
    "url",
    [
        "http://receptor.example",
        "https://receptor.example:8443/a/b?c=d&e=f%20g",
        "https://192.0.2.7/x",
        "http://[2001:db8::1]:8080/x",
        "https://xn--maana-pta.example/",
        "https://receptor.example/".ljust(URL_MAX, "a"),
    ],
)
def test_an_http_url_is_accepted_unchanged(url: str) -> None:
    assert WebhookRequest.to_create({"url": url}).url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "receptor.example/x",
        "//receptor.example/x",
        "ftp://receptor.example/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://",
        "https:///x",
        "https://:443/x",
        "https://ana@receptor.example/",
        "https://ana:clave@receptor.example/",
        "https://@receptor.example/",
        "https://receptor.example/#fin",
        "https://receptor.example:0/",
        "https://receptor.example:65536/",
        "https://receptor.example:x/",
        "https://[::1/",
        "https://receptor.example/a b",
        "https://receptor.example/\r\nHost: otro.example",
        "https://receptor.example\\@otro.example/",
        "https://mañana.example/",
        "\thttps://receptor.example/",
    ],
)
def test_any_other_url_is_refused(url: str) -> None:
    assert problems(WebhookRequest.to_create, {"url": url}) == {"url": "not_url"}


def test_a_url_or_a_description_over_its_limit_is_refused() -> None:
    data = {
        "url": "https://receptor.example/".ljust(URL_MAX + 1, "a"),
        "description": "x" * (DESCRIPTION_MAX + 1),
    }

    assert problems(WebhookRequest.to_create, data) == dict.fromkeys(data, "too_long")


@pytest.mark.parametrize("length", [24, 25, 63, 64])
def test_a_secret_of_24_to_64_bytes_is_accepted(length: int) -> None:
    taken = WebhookRequest.to_rotate({"secret": secret(length)}).secret

    assert taken is not None
    assert taken.key == bytes(range(length))


@pytest.mark.parametrize(
    "value",
    [
        secret(23),
        secret(65),
        secret(32).removeprefix("whsec_"),
        secret(32).replace("whsec_", "whsk_"),
        secret(32) + "\n",
        secret(32)[:-1],
        secret(30).replace("A", "-"),
        "whsec_" + "ñ" * 44,
        "",
        7,
    ],
)
def test_any_other_secret_is_refused(value: object) -> None:
    assert problems(WebhookRequest.to_rotate, {"secret": value}) == {"secret": "not_secret"}


def test_a_change_replaces_the_fields_it_names_and_keeps_the_rest() -> None:
    first = webhook(description="Señalización", filter={"urgency": ["high"]})

    second = WebhookRequest.to_change({"state": "paused"}).changed(first)
    third = WebhookRequest.to_change({"filter": {}, "description": ""}).changed(second)

    assert second == replace(first, state=State.PAUSED, revision=2)
    assert (third.filter.urgency, third.description, third.url) == (frozenset(), "", first.url)
    assert third.revision == 3


@pytest.mark.parametrize("state", ["gone", "ACTIVE", "", True, ["paused"]])
def test_a_state_other_than_active_or_paused_is_refused(state: object) -> None:
    assert problems(WebhookRequest.to_change, {"state": state}) == {"state": "not_one_of"}
