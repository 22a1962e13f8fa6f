"""A caller's request to change an incident."""

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from alerta_utec.domain.errors import InvalidRequest, Problem
from alerta_utec.domain.fields import Note, StatusField, UrgencyField
from alerta_utec.domain.problems import problems_of

FIELDS = ("status", "urgency", "note")


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
