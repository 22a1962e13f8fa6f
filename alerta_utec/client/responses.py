"""HTTP responses of the service as the client's types, independent of the HTTP library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pydantic_core import from_json

from alerta_utec.client.errors import Refused, UnexpectedAnswer
from alerta_utec.domain.incident import Incident

_OK = range(200, 300)
_NO_CONTENT = 204


@dataclass(frozen=True, slots=True)
class Ack:
    """The service's confirmation that it has stored a change and will deliver it.

    ``duplicate``: an equal request had stored the change before, and this one stored nothing;
    after an update, ``seq`` and ``revision`` are then the incident's current ones.
    """

    incident_id: str
    seq: int
    revision: int
    duplicate: bool

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        """Parse the body of a response as an ack.

        Raises:
            UnexpectedAnswer: the body is not an ack.
        """
        try:
            return cls(
                str(body["incidentId"]), int(body["seq"]), int(body["revision"]), body["duplicate"]
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UnexpectedAnswer(_OK.start) from error


@dataclass(frozen=True, slots=True)
class IncidentRecord:
    """An incident with its history and its deliveries.

    ``history`` and ``deliveries``: as in the protocol's ``GET /incidents/{incidentId}``.
    """

    incident: Incident
    history: tuple[Mapping[str, Any], ...]
    deliveries: tuple[Mapping[str, Any], ...]

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        """Parse the body of a response as a record.

        Raises:
            UnexpectedAnswer: the body is not a record.
        """
        try:
            history, deliveries = tuple(body["history"]), tuple(body.get("deliveries") or ())
        except (KeyError, TypeError) as error:
            raise UnexpectedAnswer(_OK.start) from error
        return cls(parse_incident(body.get("incident")), history, deliveries)

    @classmethod
    def joined(cls, newest_first: Sequence[Self]) -> Self:
        """Return the pages of one incident's record as one, at the state of the first page."""
        oldest_first = newest_first[::-1]
        history = tuple(entry for page in oldest_first for entry in page.history)
        deliveries = tuple(entry for page in oldest_first for entry in page.deliveries)
        return cls(newest_first[0].incident, history, deliveries)


def parse_incident(data: object) -> Incident:
    """Parse decoded JSON as an incident.

    Raises:
        UnexpectedAnswer: the data is not an incident.
    """
    try:
        return Incident.model_validate(data, by_alias=True, by_name=False)
    except ValueError as error:
        raise UnexpectedAnswer(_OK.start) from error


def parse_body(status: int, content_type: str, content: bytes) -> dict[str, Any]:
    """Parse the body of a response as a JSON object; return an empty one for 204.

    Raises:
        Refused: the service refused the request.
        UnexpectedAnswer: the response does not follow the protocol.
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
