"""Roles from the claims of tokens, in the shapes that issuers document."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.domain.errors import Unauthorized
from alerta_utec.domain.policy import Role
from alerta_utec.domain.roles import RoleRules, parse_default, parse_required, parse_role_names
from tests.unit.domain.strategies import json_values

NAMES = parse_role_names("seguridad=personal, direccion=autoridad")
# The claims of a member of the security staff, as each issuer's documentation shows them.
COGNITO = {
    "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "cognito:groups": ["alumnos", "seguridad"],
    "iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example",
    "client_id": "xxxxxxxxxxxxexample",
    "token_use": "access",
    "scope": "openid",
}
ENTRA = {
    "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
    "tid": "aaaabbbb-0000-cccc-1111-dddd2222eeee",
    "roles": ["seguridad"],
    "ver": "2.0",
}
KEYCLOAK = {
    "sub": "f:b1bcbc56",
    "realm_access": {"roles": ["default-roles-campus", "offline_access"]},
    "resource_access": {"alerta-utec": {"roles": ["seguridad"]}, "account": {"roles": ["view"]}},
}
GOOGLE = {
    "sub": "110169484474386276334",
    "email": "guardia@utec.edu.pe",
    "email_verified": True,
    "hd": "utec.edu.pe",
}
AUTHENTIK = {"sub": "9f8e", "groups": ["authentik Admins", "seguridad"], "email_verified": True}


def refusal(rules: RoleRules, claims: dict[str, Any]) -> str:
    with pytest.raises(Unauthorized) as refused:
        rules.role_of(claims)
    return str(refused.value)


@pytest.mark.parametrize(
    ("claims", "path"),
    [
        (COGNITO, "cognito:groups"),
        (ENTRA, "roles"),
        (KEYCLOAK, "resource_access.alerta-utec.roles"),
        (AUTHENTIK, "groups"),
    ],
    ids=["cognito", "entra", "keycloak", "authentik"],
)
def test_the_groups_of_an_issuer_give_a_role(claims: dict[str, Any], path: str) -> None:
    assert RoleRules(path, NAMES).role_of(claims) is Role.PERSONAL
    assert RoleRules(path).role_of(claims) is Role.ESTUDIANTE
    assert refusal(RoleRules(path, default=None), claims) == "no_role"


def test_an_issuer_without_roles_gives_the_default() -> None:
    assert RoleRules("roles", NAMES).role_of(GOOGLE) is Role.ESTUDIANTE
    assert refusal(RoleRules("roles", NAMES, default=None), GOOGLE) == "no_role"


@pytest.mark.parametrize(
    ("required", "admitted"),
    [
        ("hd=utec.edu.pe", True),
        ("hd=utec.edu.pe,email_verified=true", True),
        ("hd=otra.edu.pe", False),
        ("hd=utec.edu.pe,email_verified=false", False),
        ("aud=alerta", False),
        ("hd=UTEC.edu.pe", False),
    ],
)
def test_a_token_must_state_every_required_value(required: str, admitted: bool) -> None:
    rules = RoleRules(required=parse_required(required))

    if admitted:
        assert rules.role_of(GOOGLE) is Role.ESTUDIANTE
    else:
        assert refusal(rules, GOOGLE) == "missing_required"


def test_a_required_value_may_be_one_of_a_list() -> None:
    rules = RoleRules("groups", required={"groups": "seguridad"})

    assert rules.role_of(AUTHENTIK) is Role.ESTUDIANTE
    assert refusal(rules, {"groups": ["alumnos"]}) == "missing_required"


@pytest.mark.parametrize(
    "cut",
    [
        {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://x"}}},
        {"hasgroups": True},
    ],
)
def test_groups_that_the_issuer_left_out_are_no_groups(cut: dict[str, Any]) -> None:
    assert refusal(RoleRules("groups", NAMES), ENTRA | cut) == "too_many_groups"
    assert RoleRules("roles", NAMES).role_of(ENTRA | cut) is Role.PERSONAL


def test_words_are_compared_exactly_and_the_highest_role_counts() -> None:
    rules = RoleRules("groups", NAMES)

    assert rules.role_of({"groups": ["Seguridad", "direccion "]}) is Role.ESTUDIANTE
    assert rules.role_of({"groups": ["seguridad", "direccion"]}) is Role.AUTORIDAD
    assert rules.role_of({"groups": "personal"}) is Role.PERSONAL


@given(json_values, st.sampled_from(["role", "a.b", "groups"]))
def test_any_claims_give_a_role(value: Any, path: str) -> None:
    claims = {"role": value, "groups": value, "a": {"b": value}}

    assert RoleRules(path).role_of(claims) in Role


@pytest.mark.parametrize(
    "text", ["seguridad", "seguridad=jefe", "=personal", "seguridad=", "a=personal,b"]
)
def test_a_malformed_map_of_roles_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="AUTH_ROLE_MAP"):
        parse_role_names(text)


@pytest.mark.parametrize("text", ["hd", "=x", "hd=", "hd=x,y"])
def test_a_malformed_requirement_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="AUTH_REQUIRE"):
        parse_required(text)


@pytest.mark.parametrize("text", ["personal", "None", ""])
def test_the_default_role_is_that_of_students_or_none(text: str) -> None:
    with pytest.raises(ValueError, match="AUTH_DEFAULT_ROLE"):
        parse_default(text)
    assert parse_default("estudiante") is Role.ESTUDIANTE
    assert parse_default("none") is None
