"""The policy, exhaustively: every role, action and state."""

import itertools

import pytest

from alerta_utec.domain.errors import Forbidden, InvalidTransition
from alerta_utec.domain.policy import ANYBODY, Action, Person, Role, action_of
from alerta_utec.domain.values import Status

E, P, A = Role.ESTUDIANTE, Role.PERSONAL, Role.AUTORIDAD
# The rules as they were asked for, written out.
ALLOWED = {
    (E, Action.REPORT),
    (E, Action.READ),
    (P, Action.REPORT),
    (P, Action.READ),
    (P, Action.ADD_NOTE),
    (P, Action.CHANGE_STATUS),
    (P, Action.SEE_PEOPLE),
    *((A, action) for action in Action),
}
MOVES = {
    (Status.PENDIENTE, Status.EN_ATENCION): Action.CHANGE_STATUS,
    (Status.PENDIENTE, Status.RESUELTO): Action.CHANGE_STATUS,
    (Status.EN_ATENCION, Status.RESUELTO): Action.CHANGE_STATUS,
    (Status.EN_ATENCION, Status.PENDIENTE): Action.CHANGE_STATUS,
    (Status.RESUELTO, Status.PENDIENTE): Action.REOPEN,
}


@pytest.mark.parametrize(("role", "action"), list(itertools.product(Role, Action)))
def test_each_role_may_do_what_the_table_says_and_nothing_else(role: Role, action: Action) -> None:
    person = Person("rosa", role)

    if (role, action) in ALLOWED:
        person.must(action)
        assert person.may(action)
        return
    assert not person.may(action)
    with pytest.raises(Forbidden):
        person.must(action)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(Status, Status)))
def test_a_status_moves_only_as_the_table_says(before: Status, after: Status) -> None:
    if (before, after) in MOVES:
        assert action_of(before, after) is MOVES[before, after]
        return
    with pytest.raises(InvalidTransition):
        action_of(before, after)


def test_without_sign_in_everybody_may_do_everything_without_a_name() -> None:
    assert all(ANYBODY.may(action) for action in Action)
    assert ANYBODY.user is None
