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


class Action(StrEnum):
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
POLICY: Mapping[Action, frozenset[Role]] = {
    Action.REPORT: frozenset(Role),
    Action.READ: frozenset(Role),
    Action.ADD_NOTE: _STAFF,
    Action.CHANGE_STATUS: _STAFF,
    Action.CHANGE_URGENCY: frozenset({Role.AUTORIDAD}),
    Action.REOPEN: frozenset({Role.AUTORIDAD}),
    # Who reported an incident, and who acted on it.
    Action.SEE_PEOPLE: _STAFF,
    # What goes out to other systems, and the secrets that sign it.
    Action.MANAGE_WEBHOOKS: frozenset({Role.AUTORIDAD}),
}
MOVES: Mapping[Status, frozenset[Status]] = {
    Status.PENDIENTE: frozenset({Status.EN_ATENCION, Status.RESUELTO}),
    Status.EN_ATENCION: frozenset({Status.RESUELTO, Status.PENDIENTE}),
    Status.RESUELTO: frozenset({Status.PENDIENTE}),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever makes a request. ``user`` is none where nobody signs in."""

    user: str | None
    role: Role

    def may(self, action: Action) -> bool:
        """Whether the policy allows it."""
        return self.role in POLICY[action]

    def must(self, action: Action) -> None:
        """Go on only where the policy allows it.

        Raises:
            Forbidden: it does not.
        """
        if not self.may(action):
            raise Forbidden(f"{self.role} {action}")


# Where sign-in is off, everybody may do everything, and nobody has a name.
ANYBODY = Person(None, Role.AUTORIDAD)


def action_of(before: Status, after: Status) -> Action:
    """What moving the status that way is.

    Raises:
        InvalidTransition: it does not move that way.
    """
    if after not in MOVES[before]:
        raise InvalidTransition(f"{before} {after}")
    return Action.REOPEN if before is Status.RESUELTO else Action.CHANGE_STATUS
