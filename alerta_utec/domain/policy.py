"""The permissions of each role and key, and the allowed changes of status."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from alerta_utec.domain.errors import Forbidden, InvalidTransition
from alerta_utec.domain.filters import EVERYTHING, Filter

if TYPE_CHECKING:
    from alerta_utec.domain.incident import Incident
from alerta_utec.domain.rate import Rate
from alerta_utec.domain.values import Status


class Role(StrEnum):
    """A person's role at the university."""

    ESTUDIANTE = "estudiante"
    PERSONAL = "personal"
    AUTORIDAD = "autoridad"


class Permission(StrEnum):
    """A permission that roles have or lack."""

    REPORT = "report"
    READ = "read"
    # To receive the feed: by socket, or page by page.
    FOLLOW = "follow"
    ADD_NOTE = "add_note"
    CHANGE_STATUS = "change_status"
    CHANGE_URGENCY = "change_urgency"
    REOPEN = "reopen"
    SEE_PEOPLE = "see_people"
    MANAGE_WEBHOOKS = "manage_webhooks"
    MANAGE_KEYS = "manage_keys"
    READ_METRICS = "read_metrics"


_STAFF = frozenset({Role.PERSONAL, Role.AUTORIDAD})
POLICY: Mapping[Permission, frozenset[Role]] = {
    Permission.REPORT: frozenset(Role),
    Permission.READ: frozenset(Role),
    Permission.FOLLOW: frozenset(Role),
    Permission.ADD_NOTE: _STAFF,
    Permission.CHANGE_STATUS: _STAFF,
    Permission.CHANGE_URGENCY: frozenset({Role.AUTORIDAD}),
    Permission.REOPEN: frozenset({Role.AUTORIDAD}),
    # The names of those who reported an incident or acted on it.
    Permission.SEE_PEOPLE: _STAFF,
    # What is sent to other systems, and the secrets that sign it.
    Permission.MANAGE_WEBHOOKS: frozenset({Role.AUTORIDAD}),
    # The keys of machines, and the sessions of people.
    Permission.MANAGE_KEYS: frozenset({Role.AUTORIDAD}),
    Permission.READ_METRICS: frozenset({Role.AUTORIDAD}),
}


class Scope(StrEnum):
    """A part of the service that a key opens."""

    REPORT = "report"
    READ = "read"
    UPDATE = "update"
    FEED = "feed"
    MANAGE = "manage"
    METRICS = "metrics"


# Of a key, unless it is made with another.
KEY_RATE = Rate(20, 100)
# No scope contains ``SEE_PEOPLE`` or ``MANAGE_KEYS``.
SCOPES: Mapping[Scope, frozenset[Permission]] = {
    Scope.REPORT: frozenset({Permission.REPORT}),
    Scope.READ: frozenset({Permission.READ}),
    Scope.UPDATE: frozenset({Permission.ADD_NOTE, Permission.CHANGE_STATUS}),
    Scope.FEED: frozenset({Permission.FOLLOW}),
    Scope.MANAGE: frozenset({Permission.MANAGE_WEBHOOKS}),
    Scope.METRICS: frozenset({Permission.READ_METRICS}),
}
TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.PENDIENTE: frozenset({Status.EN_ATENCION, Status.RESUELTO}),
    Status.EN_ATENCION: frozenset({Status.RESUELTO, Status.PENDIENTE}),
    Status.RESUELTO: frozenset({Status.PENDIENTE}),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """The permissions of a key, which replace those of a role.

    ``filter``: the key reads, receives, reports and updates only incidents that match it.
    """

    scopes: frozenset[Scope]
    filter: Filter = EVERYTHING
    # Of its submissions.
    rate: Rate = KEY_RATE

    @property
    def permissions(self) -> frozenset[Permission]:
        """The permissions of all its scopes."""
        return frozenset[Permission]().union(*(SCOPES[scope] for scope in self.scopes))

    def to_json(self) -> dict[str, Any]:
        """Return ``{scopes, filter, rate}``."""
        return {
            "scopes": sorted(self.scopes),
            "filter": self.filter.to_json(),
            "rate": self.rate.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Grant":
        """Read a grant that ``to_json`` wrote, without validation."""
        scopes = frozenset(map(Scope, data["scopes"]))
        return cls(scopes, Filter.from_json(data.get("filter", {})), Rate.from_json(data["rate"]))


@dataclass(frozen=True, slots=True)
class Identity:
    """The user of a request: a person with a role, or a machine with a key's grant."""

    # ``None`` without sign-in.
    user: str | None
    # A key has the role of staff where the grant does not matter: limits, and its own ids.
    role: Role
    grant: Grant | None = None

    @property
    def filter(self) -> Filter:
        """The incidents that the identity may read and change at all."""
        return EVERYTHING if self.grant is None else self.grant.filter

    @property
    def is_staff(self) -> bool:
        """Tell whether a person who signed in, or a key, has the role of staff."""
        return self.user is not None and self.role in _STAFF

    @property
    def is_safe_in_url(self) -> bool:
        """Whether its token may be in a URL, which logs and histories keep.

        Of keys, that is one that opens the feed and nothing else.
        """
        return self.grant is None or self.grant.scopes == {Scope.FEED}

    def can(self, permission: Permission) -> bool:
        """Tell whether the role, or the key, has the permission."""
        if self.grant is not None:
            return permission in self.grant.permissions
        return self.role in POLICY[permission]

    def can_see(self, incident: "Incident") -> bool:
        """Tell whether the incident is one that the identity may read and change."""
        return self.grant is None or self.grant.filter.matches(incident)

    def require(self, permission: Permission) -> None:
        """Check the permission.

        Raises:
            Forbidden: the role or key does not have it.
        """
        if not self.can(permission):
            raise Forbidden(f"{'key' if self.grant else self.role} {permission}")


# The identity of every request if sign-in is off: all permissions and no name.
ANONYMOUS = Identity(None, Role.AUTORIDAD)


def permission_for(before: Status, after: Status) -> Permission:
    """Return the permission that this change of status needs.

    Raises:
        InvalidTransition: the status cannot change that way.
    """
    if after not in TRANSITIONS[before]:
        raise InvalidTransition(f"{before} {after}")
    return Permission.REOPEN if before is Status.RESUELTO else Permission.CHANGE_STATUS
