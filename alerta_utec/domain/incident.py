"""The incident: a person's report, and its state in the service."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError, to_json

from alerta_utec.domain.errors import InvalidIncident, Problem
from alerta_utec.domain.fields import (
    Description,
    Identifier,
    Location,
    StatusField,
    Timestamp,
    Type,
    UrgencyField,
)
from alerta_utec.domain.problems import problems_of
from alerta_utec.domain.values import Status, Urgency

EXTRAS_MAX = 20
EXTRAS_MAX_BYTES = 8 * 1024
SERVER_FIELDS = frozenset(
    {
        "seq",
        "revision",
        "createdAt",
        "updatedAt",
        "reportedBy",
        "reportedByStaff",
        "alarmed",
    }
)
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Report(BaseModel):
    """An incident as a caller submits it: equal by value, valid by construction.

    Unknown fields are stored and sent like the others: at most 20, and 8 KB together as compact
    JSON.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="allow",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )

    incident_id: Identifier | None = None
    type: Type
    location: Location
    description: Description = ""
    urgency: UrgencyField
    status: StatusField = Status.PENDIENTE
    timestamp: Timestamp | None = None
    # An exercise: handled like any incident, and marked as a drill in every channel.
    drill: bool = False

    @model_validator(mode="after")
    def _bounded_extras(self) -> Self:
        error = _extras_error(self.extras)
        if error is not None:
            raise error
        return self

    @property
    def extras(self) -> dict[str, Any]:
        """The unknown fields, unchanged."""
        return self.__pydantic_extra__ or {}

    @classmethod
    def parse(cls, data: object, *, field: str = "incident") -> Self:
        """Validate decoded JSON of any type.

        Args:
            field: its place in the message, which starts the path of each problem.

        Raises:
            InvalidIncident: with every problem.
        """
        reserved = [
            Problem(f"{field}.{name}", "reserved")
            for name in (sorted(SERVER_FIELDS & data.keys()) if isinstance(data, dict) else ())
        ]
        try:
            report = cls.model_validate(data, by_alias=True, by_name=False)
        except ValidationError as error:
            problems = problems_of(error, field)
            more = [problem for problem in _extras_problems(data, field) if problem not in problems]
            raise InvalidIncident(problems=[*problems, *more, *reserved]) from error
        if reserved:
            raise InvalidIncident(problems=reserved)
        return report

    def digest(self) -> str:
        """Return the SHA-256 of the given fields, normalised; a repeat has the same."""
        given = self.__pydantic_serializer__.to_python(
            self, mode="json", by_alias=True, exclude_unset=True
        )
        if not self.drill:
            given.pop("drill", None)
        return hashlib.sha256(_canonical(given, nested=bool(self.extras))).hexdigest()


class Incident(Report):
    """An incident as the service stores it, at one revision."""

    incident_id: Identifier
    timestamp: Timestamp
    # The place of this revision in the feed; 0 until it is committed.
    seq: int = Field(default=0, ge=0)
    revision: int = Field(ge=1)
    created_at: Timestamp
    updated_at: Timestamp
    reported_by: str | None = None
    # Its reporter was staff; without sign-in no reporter is known to be.
    reported_by_staff: bool = False
    # It has been of medium or high urgency: its notification calls for an all-clear.
    alarmed: bool = False

    @classmethod
    def from_report(
        cls,
        report: Report,
        *,
        incident_id: str,
        at: datetime,
        reported_by: str | None = None,
        reported_by_staff: bool = False,
    ) -> "Incident":
        """Return revision 1 of ``report``, created at ``at`` (in UTC).

        ``incident_id`` is its id unless the report has one.
        """
        added = {
            "incident_id": report.incident_id or incident_id,
            "timestamp": report.timestamp or at,
            "seq": 0,
            "revision": 1,
            "created_at": at,
            "updated_at": at,
            "reported_by": reported_by,
            "reported_by_staff": reported_by_staff,
            "alarmed": report.urgency is not Urgency.LOW,
        }
        return cls._of_valid(vars(report) | added, report.extras)

    @classmethod
    def _of_valid(cls, fields: dict[str, Any], extras: dict[str, Any]) -> "Incident":
        """Make an incident from valid values of all its fields.

        Pydantic's ``model_construct`` takes ten times as long, and takes an extra that is called
        ``reported_by`` for the field.
        """
        incident, put = cls.__new__(cls), object.__setattr__
        put(incident, "__dict__", fields)
        put(incident, "__pydantic_fields_set__", _ALL_FIELDS)
        put(incident, "__pydantic_extra__", extras)  # shared, as nothing changes them
        put(incident, "__pydantic_private__", None)
        return incident

    def _with(self, **changes: Any) -> "Incident":
        return self._of_valid(vars(self) | changes, self.extras)

    def at_seq(self, seq: int) -> "Incident":
        """Return the same revision with its place in the feed."""
        return self._with(seq=seq)

    def updated(
        self, *, at: datetime, status: Status | None = None, urgency: Urgency | None = None
    ) -> "Incident":
        """Return the next revision, with the given fields changed."""
        new_urgency = urgency or self.urgency
        return self._with(
            revision=self.revision + 1,
            updated_at=at,
            status=status or self.status,
            urgency=new_urgency,
            alarmed=self.alarmed or new_urgency is not Urgency.LOW,
        )

    def to_json(self, *, private: bool = False) -> dict[str, Any]:
        """Return the incident as clients get it; ``reportedBy`` only if ``private``."""
        data = self.to_record()
        for internal in ("alarmed", "reportedByStaff"):
            data.pop(internal, None)
        if not private:
            data.pop("reportedBy", None)
        return data

    def to_record(self) -> dict[str, Any]:
        """Return the incident as stores keep it, with every field."""
        # ``model_dump`` is this call with more arguments, which take a quarter of its time.
        data: dict[str, Any] = self.__pydantic_serializer__.to_python(
            self, mode="json", by_alias=True
        )
        if self.reported_by is None:
            del data["reportedBy"]
        # False is left out: only a drill mentions drills.
        for name in ("alarmed", "drill", "reportedByStaff"):
            if not data[name]:
                del data[name]
        return data

    def json_max_bytes(self) -> int:
        """Return an upper bound for its JSON in UTF-8, without encoding it."""
        texts = (self.type, self.location, self.description, self.reported_by or "")
        # A character has up to four bytes; names, ids and times together stay under 1 KB.
        return 1024 + 4 * sum(map(len, texts)) + (EXTRAS_MAX_BYTES if self.extras else 0)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Incident":
        """Read an incident that ``to_json`` or ``to_record`` wrote."""
        return cls.model_validate(data, by_alias=True, by_name=False)


# Shared by all incidents that have every field.
_ALL_FIELDS = set(Incident.model_fields)


def _canonical(given: Mapping[str, Any], *, nested: bool) -> bytes:
    """Return compact JSON in UTF-8 with sorted names.

    Of texts and truth values alone, both encoders make the same bytes, and Pydantic's is faster.
    """
    if nested:
        return _CANONICAL.encode(given).encode()
    return to_json({name: given[name] for name in sorted(given)})


def _extras_error(extras: Mapping[str, Any]) -> PydanticCustomError | None:
    if not extras:
        return None
    if len(extras) > EXTRAS_MAX:
        return PydanticCustomError("too_many_extras", "too many extras", {"max": EXTRAS_MAX})
    try:
        size = len(json.dumps(extras, ensure_ascii=False, allow_nan=False).encode())
    except UnicodeEncodeError:
        return PydanticCustomError("not_text", "a lone surrogate")
    except ValueError:
        return PydanticCustomError("not_finite", "not finite")
    if size > EXTRAS_MAX_BYTES:
        return PydanticCustomError(
            "extras_too_large", "extras too large", {"max": EXTRAS_MAX_BYTES}
        )
    return None


def _extras_problems(data: object, field: str) -> list[Problem]:
    """Return the extras' problem. Pydantic does not reach it if another field is invalid."""
    if not isinstance(data, dict):
        return []
    known = {to_camel(name) for name in Report.model_fields}
    error = _extras_error({name: value for name, value in data.items() if name not in known})
    return [] if error is None else [Problem(field, error.type, error.context or {})]
