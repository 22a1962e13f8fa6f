"""Who may do what: the one table."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from alerta_utec.domain.errors import Forbidden, InvalidTransition
from alerta_utec.domain.values import Status


class Role(StrEnum):
    """What somebody is at the university."""

    ESTUDIANTE = "estudiante"
    PERSONAL = "personal"
    AUTORIDAD = "autoridad"


class Permission(StrEnum):
    """What the policy speaks of."""

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
    # Who reported an incident, and who acted on it.
    Permission.SEE_PEOPLE: _STAFF,
    # What goes out to other systems, and the secrets that sign it.
    Permission.MANAGE_WEBHOOKS: frozenset({Role.AUTORIDAD}),
}
TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.PENDIENTE: frozenset({Status.EN_ATENCION, Status.RESUELTO}),
    Status.EN_ATENCION: frozenset({Status.RESUELTO, Status.PENDIENTE}),
    Status.RESUELTO: frozenset({Status.PENDIENTE}),
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Whoever makes a request. ``user`` is none where nobody signs in."""

    user: str | None
    role: Role

    def can(self, action: Permission) -> bool:
        """Whether the policy allows it."""
        return self.role in POLICY[action]

    def require(self, action: Permission) -> None:
        """Go on only where the policy allows it.

        Raises:
            Forbidden: it does not.
        """
        if not self.can(action):
            raise Forbidden(f"{self.role} {action}")


# Where sign-in is off, everybody may do everything, and nobody has a name.
ANONYMOUS = Identity(None, Role.AUTORIDAD)


def permission_for(before: Status, after: Status) -> Permission:
    """What moving the status that way is.

    Raises:
        InvalidTransition: it does not move that way.
    """
    if after not in TRANSITIONS[before]:
        raise InvalidTransition(f"{before} {after}")
    return Permission.REOPEN if before is Status.RESUELTO else Permission.CHANGE_STATUS
