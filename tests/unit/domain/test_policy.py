"""The policy, exhaustively: every role, permission and status."""

import itertools

import pytest

from alerta_utec.domain.errors import Forbidden, InvalidTransition
from alerta_utec.domain.policy import (
    ANONYMOUS,
    Grant,
    Identity,
    Permission,
    Role,
    Scope,
    permission_for,
)
from alerta_utec.domain.values import Status

E, P, A = Role.ESTUDIANTE, Role.PERSONAL, Role.AUTORIDAD
# The required policy, written out.
ALLOWED = {
    (E, Permission.REPORT),
    (E, Permission.READ),
    (E, Permission.FOLLOW),
    (P, Permission.REPORT),
    (P, Permission.READ),
    (P, Permission.FOLLOW),
    (P, Permission.ADD_NOTE),
    (P, Permission.CHANGE_STATUS),
    (P, Permission.SEE_PEOPLE),
    *((A, action) for action in Permission),
}
OPENED_BY = {
    Scope.REPORT: {Permission.REPORT},
    Scope.READ: {Permission.READ},
    Scope.UPDATE: {Permission.ADD_NOTE, Permission.CHANGE_STATUS},
    Scope.FEED: {Permission.FOLLOW},
    Scope.MANAGE: {Permission.MANAGE_WEBHOOKS},
    Scope.METRICS: {Permission.READ_METRICS},
}
TRANSITIONS = {
    (Status.PENDIENTE, Status.EN_ATENCION): Permission.CHANGE_STATUS,
    (Status.PENDIENTE, Status.RESUELTO): Permission.CHANGE_STATUS,
    (Status.EN_ATENCION, Status.RESUELTO): Permission.CHANGE_STATUS,
    (Status.EN_ATENCION, Status.PENDIENTE): Permission.CHANGE_STATUS,
    (Status.RESUELTO, Status.PENDIENTE): Permission.REOPEN,
}


@pytest.mark.parametrize(("role", "action"), list(itertools.product(Role, Permission)))
def test_each_role_has_exactly_the_permissions_of_the_table(role: Role, action: Permission) -> None:
    identity = Identity("rosa", role)

    if (role, action) in ALLOWED:
        identity.require(action)
        assert identity.can(action)
        return
    assert not identity.can(action)
    with pytest.raises(Forbidden):
        identity.require(action)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("scope", Scope)
def test_a_key_has_exactly_the_permissions_of_its_scopes(scope: Scope, role: Role) -> None:
    key = Identity("sensor", role, Grant(frozenset({scope})))

    assert {action for action in Permission if key.can(action)} == OPENED_BY[scope]


def test_a_key_with_every_scope_sees_no_names_and_makes_no_keys() -> None:
    key = Identity("sensor", Role.PERSONAL, Grant(frozenset(Scope)))

    assert {action for action in Permission if not key.can(action)} == {
        Permission.CHANGE_URGENCY,
        Permission.REOPEN,
        Permission.SEE_PEOPLE,
        Permission.MANAGE_KEYS,
    }


@pytest.mark.parametrize(("before", "after"), list(itertools.product(Status, Status)))
def test_a_status_changes_only_as_the_table_allows(before: Status, after: Status) -> None:
    if (before, after) in TRANSITIONS:
        assert permission_for(before, after) is TRANSITIONS[before, after]
        return
    with pytest.raises(InvalidTransition):
        permission_for(before, after)


def test_the_anonymous_identity_has_every_permission_and_no_name() -> None:
    assert all(ANONYMOUS.can(action) for action in Permission)
    assert ANONYMOUS.user is None
