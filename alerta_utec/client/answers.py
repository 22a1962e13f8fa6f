"""What an answer over HTTP means to a client, whichever library brought it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic_core import from_json

from alerta_utec.client.errors import Refused, UnexpectedAnswer
from alerta_utec.domain.incident import Incident

_OK = range(200, 300)
_NO_CONTENT = 204


@dataclass(frozen=True, slots=True)
class Ack:
    """Stored, and it will be delivered.

    ``duplicate``: it was stored before, by an equal request; nothing was stored now, and after
    an update ``seq`` and ``revision`` are what the incident is at.
    """

    incident_id: str
    seq: int
    revision: int
    duplicate: bool

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        """The ack in the body of an answer.

        Raises:
            UnexpectedAnswer: it is something else.
        """
        try:
            return cls(
                str(body["incidentId"]), int(body["seq"]), int(body["revision"]), body["duplicate"]
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UnexpectedAnswer(_OK.start) from error


@dataclass(frozen=True, slots=True)
class IncidentRecord:
    """An incident, how it came to be so, and what was sent of it.

    ``history`` and ``deliveries``: as in the protocol's ``GET /incidents/{incidentId}``.
    """

    incident: Incident
    history: tuple[Mapping[str, Any], ...]
    deliveries: tuple[Mapping[str, Any], ...]

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        """The record in the body of an answer.

        Raises:
            UnexpectedAnswer: it is something else.
        """
        try:
            history, deliveries = tuple(body["history"]), tuple(body.get("deliveries") or ())
        except (KeyError, TypeError) as error:
            raise UnexpectedAnswer(_OK.start) from error
        return cls(incident_of(body.get("incident")), history, deliveries)


def incident_of(data: object) -> Incident:
    """The incident in a piece of decoded JSON.

    Raises:
        UnexpectedAnswer: it is something else.
    """
    try:
        return Incident.model_validate(data, by_alias=True, by_name=False)
    except ValueError as error:
        raise UnexpectedAnswer(_OK.start) from error


def body_of(status: int, content_type: str, content: bytes) -> dict[str, Any]:
    """The JSON object that is the body of an answer; empty where there is to be no body.

    Raises:
        Refused: the service said no.
        UnexpectedAnswer: whoever answered does not speak this protocol.
    """
    if status == _NO_CONTENT:
        return {}
    media_type = content_type.partition(";")[0].strip().lower()
    try:
        body = from_json(content) if media_type.endswith("json") else None
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise UnexpectedAnswer(status)
    if status in _OK:
        return body
    if "code" not in body:
        raise UnexpectedAnswer(status)
    raise Refused.from_body(body, str(body.get("title", "")))
