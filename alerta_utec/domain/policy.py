"""The permissions of each role, and the allowed changes of status."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from alerta_utec.domain.errors import Forbidden, InvalidTransition
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
    ADD_NOTE = "add_note"
    CHANGE_STATUS = "change_status"
    CHANGE_URGENCY = "change_urgency"
    REOPEN = "reopen"
    SEE_PEOPLE = "see_people"
    MANAGE_WEBHOOKS = "manage_webhooks"


_STAFF = frozenset({Role.PERSONAL, Role.AUTORIDAD})
POLICY: Mapping[Permission, frozenset[Role]] = {
    Permission.REPORT: frozenset(Role),
    Permission.READ: frozenset(Role),
    Permission.ADD_NOTE: _STAFF,
    Permission.CHANGE_STATUS: _STAFF,
    Permission.CHANGE_URGENCY: frozenset({Role.AUTORIDAD}),
    Permission.REOPEN: frozenset({Role.AUTORIDAD}),
    # The names of those who reported an incident or acted on it.
    Permission.SEE_PEOPLE: _STAFF,
    # What is sent to other systems, and the secrets that sign it.
    Permission.MANAGE_WEBHOOKS: frozenset({Role.AUTORIDAD}),
}
TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.PENDIENTE: frozenset({Status.EN_ATENCION, Status.RESUELTO}),
    Status.EN_ATENCION: frozenset({Status.RESUELTO, Status.PENDIENTE}),
    Status.RESUELTO: frozenset({Status.PENDIENTE}),
}


@dataclass(frozen=True, slots=True)
class Identity:
    """The user and role of a request."""

    # ``None`` without sign-in.
    user: str | None
    role: Role

    @property
    def is_staff(self) -> bool:
        """Tell whether a person who signed in, or a key, has the role of staff."""
        return self.user is not None and self.role in _STAFF

    def can(self, permission: Permission) -> bool:
        """Tell whether the role has the permission."""
        return self.role in POLICY[permission]

    def require(self, permission: Permission) -> None:
        """Check the permission.

        Raises:
            Forbidden: the role does not have it.
        """
        if not self.can(permission):
            raise Forbidden(f"{self.role} {permission}")


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
