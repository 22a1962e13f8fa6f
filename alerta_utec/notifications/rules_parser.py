"""The validator of rules: turns the content of a rules file into rules, or lists its problems.

It imports the standard library alone, since a deployment to AWS runs it without any package.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from alerta_utec.domain.values import Urgency, parse_choice
from alerta_utec.notifications.recipients import Recipient
from alerta_utec.notifications.rules import DAY_MINUTES, DAYS, Hours, Pattern, Rule, folded
from alerta_utec.notifications.rules_nodes import Items, Node, Pairs, Scalar
from alerta_utec.notifications.rules_problems import RulesProblem, RulesRefused

KEYS = ("name", "urgency", "type", "location", "hours", "days", "drill", "to")
RULES_MAX = 100
VALUES_MAX = 50
VALUE_MAX_CHARS = 120
ADDRESS_MAX_CHARS = 2000
_ENV = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]|24):([0-5]\d)")
_WEEK = {name: number for number, names in enumerate(DAYS) for name in names}


class Reach(Protocol):
    """The recipients that a deployment can reach."""

    def problem(self, recipient: Recipient) -> str | None:
        """Return why it cannot reach the recipient, as a key of ``settings_text``, or ``None``."""
        ...


class ReachAnyone:
    """A ``Reach`` without limits."""

    def problem(self, recipient: Recipient) -> str | None:
        return None


ANYONE = ReachAnyone()


def parse_rules(root: Node, environ: Mapping[str, str], reach: Reach = ANYONE) -> tuple[Rule, ...]:
    """Return the rules in the content of a file.

    ``environ`` has the values of ``env:NAME``; ``reach`` judges each recipient.

    Raises:
        RulesRefused: with every problem.
    """
    if not isinstance(root, Items) or not root.items:
        raise RulesRefused([RulesProblem("no_rules")])
    reader = _Reader(environ, reach)
    rules = [reader.rule(node, number) for number, node in enumerate(root.items, 1)]
    if len(rules) > RULES_MAX:
        reader.problems.append(RulesProblem("too_many_rules", {"max": RULES_MAX}))
    if reader.problems:
        raise RulesRefused(reader.problems)
    return tuple(rules)


class _Invalid(Exception):
    """A value is not valid; ``key`` and ``params`` are those of ``settings_text``."""

    def __init__(self, key: str, *, recipient: str = "", **params: object):
        super().__init__(key)
        self.key, self.recipient, self.params = key, recipient, params


@dataclass
class _Reader:
    """Reads one rule after another, and goes on after a problem."""

    environ: Mapping[str, str]
    reach: Reach
    problems: list[RulesProblem] = field(default_factory=list)
    # The names of earlier rules.
    _names: set[str] = field(default_factory=set)
    # The rule that is being read.
    _number: int = 0
    _name: str = ""

    def rule(self, node: Node, number: int) -> Rule:
        """Return the rule in ``node``, as far as it is valid."""
        self._number, self._name = number, ""
        if not isinstance(node, Pairs):
            self._problem(node, "not_mapping")
            return Rule("", ())
        nodes = self._keys(node)
        name = self._one(nodes, "name", _line) or ""
        self._name = name
        for key in ("name", "to"):
            if key not in nodes:
                self._problem(node, "missing_key", key=key)
        if name and name in self._names:
            self._problem(nodes["name"], "repeated_name")
        self._names.add(name)
        return Rule(
            name,
            to=tuple(self._many(nodes, "to", self._recipient)),
            urgency=frozenset(self._many(nodes, "urgency", _urgency)),
            type=tuple(self._many(nodes, "type", _pattern)),
            location=tuple(self._many(nodes, "location", _pattern)),
            hours=self._one(nodes, "hours", _hours),
            days=frozenset(self._many(nodes, "days", _day)),
            drill=self._one(nodes, "drill", _switch),
        )

    def _keys(self, node: Pairs) -> dict[str, Node]:
        nodes: dict[str, Node] = {}
        for key, value in node.pairs:
            name = key.text if isinstance(key, Scalar) else "?"
            if name not in KEYS:
                self._problem(key, "unknown_key", key=name, keys=", ".join(KEYS))
            elif name in nodes:
                self._problem(key, "repeated_key", key=name)
            else:
                nodes[name] = value
        return nodes

    def _one(self, nodes: Mapping[str, Node], key: str, read: Callable[[Node], Any]) -> Any:
        node = nodes.get(key)
        if node is None:
            return None
        try:
            return read(node)
        except _Invalid as invalid:
            self._problem(node, invalid.key, key, invalid.recipient, **invalid.params)
            return None

    def _many(
        self, nodes: Mapping[str, Node], key: str, read: Callable[[Node], Any]
    ) -> Iterator[Any]:
        """Yield the valid values of a key, which can be a list or a single value."""
        node = nodes.get(key)
        if node is None:
            return
        values = node.items if isinstance(node, Items) else (node,)
        if not 1 <= len(values) <= VALUES_MAX:
            self._problem(node, "value_count", key, max=VALUES_MAX)
            return
        for value in values:
            read_value = self._one({key: value}, key, read)
            if read_value is not None:
                yield read_value

    def _recipient(self, node: Node) -> Recipient:
        written = _text(node, maximum=ADDRESS_MAX_CHARS)
        variable = _ENV.fullmatch(written)
        address = self.environ.get(variable[1], "") if variable else written
        if variable and not address:
            raise _Invalid("variable_unset", name=variable[1])
        recipient = Recipient.of(address, variable[1] if variable else None)
        if recipient is None:
            # It may be a mistyped URL and hold a secret: the text does not repeat it.
            raise _Invalid("not_recipient")
        unreachable = self.reach.problem(recipient)
        if unreachable is not None:
            raise _Invalid(unreachable, recipient=recipient.shown)
        return recipient

    def _problem(
        self, node: Node, text: str, setting: str = "", recipient: str = "", /, **params: object
    ) -> None:
        rule = (self._number, self._name)
        self.problems.append(RulesProblem(text, params, *rule, setting, recipient, line=node.line))


def _text(node: Node, maximum: int = VALUE_MAX_CHARS) -> str:
    if not isinstance(node, Scalar):
        raise _Invalid("not_text")
    if not node.is_text:
        if len(node.text) > VALUE_MAX_CHARS:
            raise _Invalid("not_text_quotes")
        raise _Invalid("not_text_shown", value=node.text)
    if not node.text.strip() or len(node.text) > maximum:
        raise _Invalid("length", max=maximum)
    return node.text.strip()


def _line(node: Node) -> str:
    text = _text(node)
    if not text.isprintable():
        raise _Invalid("not_line")
    return text


def _urgency(node: Node) -> Urgency:
    urgency = parse_choice(Urgency, _text(node))
    if urgency is None or urgency is Urgency.LOW:
        raise _Invalid("not_urgency")
    return urgency


def _pattern(node: Node) -> Pattern:
    text = _text(node)
    if text.startswith("*"):
        raise _Invalid("star_first")
    pattern = Pattern.of(text)
    if "*" in pattern.text:
        raise _Invalid("star_inside")
    return pattern


def _hours(node: Node) -> Hours:
    match = _HOURS.fullmatch(_text(node))
    if match is None:
        raise _Invalid("not_hours")
    start, end = (int(match[n]) * 60 + int(match[n + 1]) for n in (1, 3))
    if end > DAY_MINUTES or end % DAY_MINUTES == start:
        raise _Invalid("empty_hours")
    return Hours(start, end or DAY_MINUTES)


def _day(node: Node) -> int:
    day = _WEEK.get(folded(_text(node)))
    if day is None:
        spanish, english = (", ".join(names) for names in zip(*DAYS, strict=True))
        raise _Invalid("not_day", spanish=spanish, english=english)
    return day


def _switch(node: Node) -> bool:
    if not isinstance(node, Scalar) or node.text not in ("true", "false"):
        raise _Invalid("not_switch")
    return node.text == "true"
