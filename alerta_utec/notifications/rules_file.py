"""The rules file of one machine: reads its YAML and checks that its recipients can be reached."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from alerta_utec.notifications.messages import settings_text
from alerta_utec.notifications.recipients import Kind, Recipient
from alerta_utec.notifications.rules import Rule
from alerta_utec.notifications.rules_nodes import Items, Node, Pairs, Scalar
from alerta_utec.notifications.rules_parser import ANYONE, Reach, parse_rules
from alerta_utec.notifications.rules_problems import RulesProblem, RulesRefused

FILE_MAX_BYTES = 256 * 1024
# A list of rules, a rule, a list of values, a value.
_DEPTH_MAX = 4
_TEXT = "tag:yaml.org,2002:str"


class ReachFromOneMachine:
    """A ``Reach`` by e-mail and by Apprise."""

    def problem(self, recipient: Recipient) -> str | None:
        if recipient.kind is Kind.PHONE:
            return "no_text_messages"
        if recipient.kind is Kind.APPRISE:
            # Apprise takes a fifth of a second to import: only where it is used.
            from apprise import Apprise

            if Apprise.instantiate(recipient.address) is None:
                return "unknown_service"
        return None


def load_rules(path: Path, environ: Mapping[str, str], reach: Reach = ANYONE) -> tuple[Rule, ...]:
    """Return the rules in the file at ``path``; as ``parse_rules``.

    Raises:
        RulesRefused: the file cannot be read, or is not valid.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _refused("unreadable", path=path, error=error.strerror) from error
    if len(content) > FILE_MAX_BYTES:
        raise _refused("file_too_large", path=path, max=FILE_MAX_BYTES // 1024)
    try:
        return read_rules(content.decode("utf-8-sig"), environ, reach)
    except UnicodeDecodeError as error:
        raise _refused("not_utf8", path=path) from error


def read_rules(text: str, environ: Mapping[str, str], reach: Reach = ANYONE) -> tuple[Rule, ...]:
    """Return the rules in the text of a file; as ``load_rules``."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise RulesRefused([_syntax(error)]) from error
    return parse_rules(_Nodes().node(root) if root else Items(), environ, reach)


class _Nodes:
    """Converts PyYAML's nodes. An alias shares its node, so each is converted once per depth."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], Node] = {}

    def node(self, node: yaml.Node, depth: int = 0) -> Node:
        """Convert a node.

        Nodes deeper than a rule needs lose their content: an alias can contain itself.
        """
        if isinstance(node, yaml.ScalarNode):
            return Scalar(str(node.value), node.tag == _TEXT, node.start_mark.line + 1)
        known = self._known.get((id(node), depth))
        if known is None:
            known = self._known[id(node), depth] = self._collection(node, depth)
        return known

    def _collection(self, node: yaml.Node, depth: int) -> Node:
        line, values = node.start_mark.line + 1, node.value if depth < _DEPTH_MAX else []
        if isinstance(node, yaml.SequenceNode):
            return Items(tuple(self.node(one, depth + 1) for one in values), line)
        pairs = [(self.node(key, depth + 1), self.node(one, depth + 1)) for key, one in values]
        return Pairs(tuple(pairs), line)


def _refused(key: str, **params: object) -> RulesRefused:
    return RulesRefused([RulesProblem(key, params)])


def _syntax(error: Exception) -> RulesProblem:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or settings_text("not_yaml_unknown")
    if mark is None:
        return RulesProblem("not_yaml", {"error": reason})
    return RulesProblem("not_yaml_here", {"error": reason}, line=mark.line + 1)
