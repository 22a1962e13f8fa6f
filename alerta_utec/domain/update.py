"""A caller's request to change an incident."""

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from alerta_utec.domain.errors import InvalidRequest, Problem
from alerta_utec.domain.fields import Note, StatusField, UrgencyField
from alerta_utec.domain.incident import Incident
from alerta_utec.domain.problems import problems_of
from alerta_utec.domain.values import Status, Urgency

FIELDS = ("status", "urgency", "note")
# An incident of so many revisions takes only updates that advance it, so that its history ends.
FREE_REVISIONS = 1000


class UpdateRequest(BaseModel):
    """A new status, a new urgency or a note: at least one of them."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", title="Update")

    status: StatusField | None = None
    urgency: UrgencyField | None = None
    note: Note | None = None

    @classmethod
    def parse(cls, data: Mapping[str, object]) -> Self:
        """Read the update in a message or a body; other fields are ignored.

        Raises:
            InvalidRequest: with every problem; or it would change nothing.
        """
        given = {name: data[name] for name in FIELDS if data.get(name) is not None}
        if not given:
            raise InvalidRequest(problems=[Problem(name, "missing") for name in FIELDS])
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise InvalidRequest(problems=problems_of(error)) from error


def require_advance(before: Incident, status: Status | None, urgency: Urgency | None) -> None:
    """Check that an update is one of the first ``FREE_REVISIONS``, or advances the incident.

    An advance changes the status towards ``resuelto``, or raises the urgency. There can be four:
    the way to a resolution and to the highest urgency is open at any time, and has an end.

    Args:
        status: the new status, if the update changes it.
        urgency: the new urgency, if the update changes it.

    Raises:
        InvalidRequest: with each field that goes back; or the update has a note alone.
    """
    if before.revision < FREE_REVISIONS:
        return
    back = []
    if status is not None and status.rank < before.status.rank:
        back.append("status")
    if urgency is not None and urgency.rank < before.urgency.rank:
        back.append("urgency")
    if status is None and urgency is None:
        back.append("note")
    if back:
        bound = {"max": FREE_REVISIONS}
        raise InvalidRequest(problems=[Problem(n, "too_many_revisions", bound) for n in back])
