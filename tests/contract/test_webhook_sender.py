"""``WebhookSender``: one post, whose outcome is a ``PostResult`` and never an exception."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

from alerta_utec.webhooks.job import PostResult
from alerta_utec.webhooks.ports import WebhookSender
from alerta_utec.webhooks.sender import HttpWebhookSender
from tests.contract.builders import T0
from tests.fakes.clock import ManualClock
from tests.fakes.webhook_sender import FakeWebhookSender
from tests.support.emulator import free_port
from tests.support.receiver import Receiver

HEADERS = {"content-type": "application/cloudevents+json", "webhook-id": "msg_1"}


@dataclass(frozen=True)
class Webhooking:
    """A ``WebhookSender`` with a receiver, and a sender and a URL that lead to none."""

    sender: WebhookSender
    url: str
    arrived: Callable[[], Sequence[tuple[bytes, Mapping[str, str]]]]
    answer_with: Callable[[int], None]
    unreachable: WebhookSender
    unreachable_url: str


@pytest.fixture
def fake_webhooking() -> Webhooking:
    sender = FakeWebhookSender()
    return Webhooking(
        sender,
        "https://receptor.example/alertas",
        lambda: [(post.body, post.headers) for post in sender.posts],
        lambda status: sender.results.append(PostResult(status)),
        FakeWebhookSender(results=[PostResult(failure="unreachable")]),
        "https://nadie.example/",
    )


@pytest.fixture
def http_webhooking() -> Iterator[Webhooking]:
    sender = HttpWebhookSender(ManualClock(T0), allow_private=True, allow_own=True)
    with Receiver() as receiver:
        yield Webhooking(
            sender,
            receiver.url,
            lambda: [(post.body, post.headers) for post in receiver.received],
            receiver.answers.append,
            sender,
            f"http://127.0.0.1:{free_port()}/",
        )


@pytest.fixture(params=["fake", "http"])
def webhooking(request: pytest.FixtureRequest) -> Webhooking:
    own: Webhooking = request.getfixturevalue(f"{request.param}_webhooking")
    return own


def test_a_post_arrives_with_its_body_and_headers(webhooking: Webhooking) -> None:
    webhooking.sender.post(webhooking.url, '{"a":"ñ"}'.encode(), HEADERS)
    webhooking.sender.post(webhooking.url, b"{}", HEADERS)

    bodies = [body for body, _ in webhooking.arrived()]
    assert bodies == ['{"a":"ñ"}'.encode(), b"{}"]
    assert all(HEADERS.items() <= headers.items() for _, headers in webhooking.arrived())


@pytest.mark.parametrize("status", [200, 204, 301, 410, 429, 500])
def test_the_result_has_the_status_of_the_receiver(webhooking: Webhooking, status: int) -> None:
    webhooking.answer_with(status)

    result = webhooking.sender.post(webhooking.url, b"{}", HEADERS)

    assert (result.status, result.failure) == (status, None)
    assert len(webhooking.arrived()) == 1


def test_an_unreachable_receiver_is_a_result(webhooking: Webhooking) -> None:
    result = webhooking.unreachable.post(webhooking.unreachable_url, b"{}", HEADERS)

    assert (result.status, result.failure) == (None, "unreachable")
