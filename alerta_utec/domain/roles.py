"""The rules by which the claims of a token give its owner a role."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from alerta_utec.domain.errors import Unauthorized
from alerta_utec.domain.policy import Role

# The value of the setting with which a token without a role is refused.
NO_DEFAULT = "none"


@dataclass(frozen=True)
class RoleRules:
    """Which claim names the role, in which words, and what a token must state besides.

    ``claim``: its name, or a dotted path to it (``realm_access.roles``). ``names``: the issuer's
    words for roles, besides our own; they are compared exactly. ``required``: the values that
    claims must have, by name or path, as one value or one of a list. ``default``: the role of a
    token that names none; ``None``: such a token is refused.
    """

    claim: str = "role"
    names: Mapping[str, Role] = field(default_factory=dict)
    required: Mapping[str, str] = field(default_factory=dict)
    default: Role | None = Role.ESTUDIANTE

    def role_of(self, claims: Mapping[str, Any]) -> Role:
        """Return the highest role that the claims name.

        Raises:
            Unauthorized: ``missing_required``: a required value is not stated;
                ``too_many_groups``: the issuer left the groups out because they are too many
                (Microsoft Entra ID, "groups overage claim"); ``no_role``: there is neither a
                role nor a default.
        """
        for path, wanted in self.required.items():
            if wanted not in _listed(claim_at(claims, path)):
                raise Unauthorized("missing_required")
        if self._is_cut(claims):
            raise Unauthorized("too_many_groups")
        named = _listed(claim_at(claims, self.claim))
        words = {role.value: role for role in Role} | dict(self.names)
        found = {words[word] for word in named if isinstance(word, str) and word in words}
        roles = [role for role in Role if role in found]
        role = roles[-1] if roles else self.default
        if role is None:
            raise Unauthorized("no_role")
        return role

    def states_role(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether the claim with the role is there, whatever it names."""
        return claim_at(claims, self.claim) is not None

    def _is_cut(self, claims: Mapping[str, Any]) -> bool:
        left_out = claims.get("_claim_names")
        is_left_out = isinstance(left_out, Mapping) and self.claim in left_out
        return is_left_out or (self.claim == "groups" and claims.get("hasgroups") is True)


def parse_role_names(text: str) -> Mapping[str, Role]:
    """Read ``seguridad=personal,direccion=autoridad``.

    Raises:
        ValueError: the text is malformed, or names another role; its text is in Spanish.
    """
    roles = {role.value: role for role in Role}
    names = _pairs(text)
    if not names.keys() or not set(names.values()) <= roles.keys():
        raise ValueError(
            "AUTH_ROLE_MAP admite PALABRA=ROL con comas, como "
            "seguridad=personal,direccion=autoridad; "
            f"los roles son {', '.join(roles)}."
        )
    return {word: roles[role] for word, role in names.items()}


def parse_required(text: str) -> Mapping[str, str]:
    """Read ``hd=utec.edu.pe,email_verified=true``.

    Raises:
        ValueError: the text is malformed; its text is in Spanish.
    """
    required = _pairs(text)
    if not required:
        raise ValueError("AUTH_REQUIRE admite CAMPO=VALOR con comas, como hd=utec.edu.pe.")
    return required


def parse_default(text: str) -> Role | None:
    """Read ``estudiante`` or ``none``.

    Raises:
        ValueError: it is neither; its text is in Spanish.
    """
    if text not in (Role.ESTUDIANTE, NO_DEFAULT):
        raise ValueError(f"AUTH_DEFAULT_ROLE admite {Role.ESTUDIANTE} o {NO_DEFAULT}, no {text!r}.")
    return None if text == NO_DEFAULT else Role.ESTUDIANTE


def claim_at(claims: Mapping[str, Any], path: str) -> Any:
    """Return the claim of this very name, else the one at the dotted path; ``None`` if absent.

    The name comes first, since issuers use URLs with dots as names of claims.
    """
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def _listed(value: Any) -> list[Any]:
    """Return the values of a claim; a truth value as issuers write it in JSON."""
    values = value if isinstance(value, list) else [value]
    return [str(one).lower() if isinstance(one, bool) else one for one in values]


def _pairs(text: str) -> dict[str, str]:
    """Return ``{name: value}`` of ``name=value,name=value``; empty if malformed."""
    pairs = [part.strip().partition("=") for part in text.split(",") if part.strip()]
    found = {name.strip(): value.strip() for name, _, value in pairs}
    return found if all(found.keys()) and all(found.values()) else {}
