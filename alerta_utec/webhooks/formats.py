"""The formats of a webhook's requests: each has a content type and an encoder of events.

A further format takes a member of ``Format`` and an entry in ``ENCODERS``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from alerta_utec.webhooks.events import WebhookEvent
from alerta_utec.wire import encode


class Format(StrEnum):
    """A format; its value is the word of the HTTP API and of stored webhooks."""

    # The CloudEvent under the content type that every receiver parses.
    JSON = "json"
    # The same body under the content type of CloudEvents 1.0's structured mode.
    CLOUDEVENTS = "cloudevents"


class Encoder(Protocol):
    """The encoder of one format."""

    @property
    def content_type(self) -> str:
        """The body's content type."""
        ...

    def encode(self, event: WebhookEvent) -> bytes:
        """Return the body of a request; the same for the same event, since repeats are signed."""
        ...


@dataclass(frozen=True, slots=True)
class CloudEventEncoder:
    """The ``Encoder`` of CloudEvents in their JSON event format."""

    content_type: str

    def encode(self, event: WebhookEvent) -> bytes:
        """Return the event as one JSON object."""
        return encode(event.to_cloudevent()).encode()


ENCODERS: Mapping[Format, Encoder] = {
    # RFC 8259 defines no charset parameter: JSON is UTF-8.
    Format.JSON: CloudEventEncoder("application/json"),
    Format.CLOUDEVENTS: CloudEventEncoder("application/cloudevents+json; charset=utf-8"),
}
