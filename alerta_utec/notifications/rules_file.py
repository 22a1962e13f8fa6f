"""The routing file: YAML, read whole, with every problem and the line that it is on."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from alerta_utec.domain.values import Urgency, parse_choice
from alerta_utec.notifications.recipients import Kind, Recipient
from alerta_utec.notifications.rules import DAY_MINUTES, DAYS, Hours, Pattern, Rule, folded

KEYS = ("name", "urgency", "type", "location", "hours", "days", "drill", "to")
FILE_MAX_BYTES = 256 * 1024
# One SNS topic takes 200 filter policies; a campus needs a handful.
RULES_MAX = 100
VALUES_MAX = 50
VALUE_MAX_CHARS = 120
_ENV = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]|24):([0-5]\d)")
_TAG = "tag:yaml.org,2002:"
_WEEK = {name: number for number, names in enumerate(DAYS) for name in names}
# Says in Spanish why a recipient cannot be reached; none where it can.
Reach = Callable[[Recipient], str | None]


def anyone(_recipient: Recipient) -> str | None:
    """Every recipient can be reached."""
    return None


def on_one_machine(recipient: Recipient) -> str | None:
    """Whether this machine can reach the recipient."""
    if recipient.kind is Kind.PHONE:
        return "una máquina no envía SMS; use la URL de Apprise de un servicio que los envíe"
    if recipient.kind is Kind.APPRISE:
        # Apprise takes a fifth of a second to import: only where it is used.
        from apprise import Apprise

        if Apprise.instantiate(recipient.address) is None:
            return "no es una URL que Apprise conozca"
    return None


def on_aws(recipient: Recipient) -> str | None:
    """Whether SNS can reach the recipient."""
    if recipient.kind is Kind.APPRISE:
        return "en AWS no hay Apprise; use un correo o un teléfono"
    return None


class RulesRefused(ValueError):
    """The file is not usable: ``problems`` are sentences in Spanish, in the file's order."""

    def __init__(self, problems: Sequence[str]):
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def load_rules(path: Path, environ: Mapping[str, str], reach: Reach = anyone) -> tuple[Rule, ...]:
    """The rules in the file at ``path``.

    ``environ`` has what ``env:NAME`` stands for; ``reach`` judges each recipient.

    Raises:
        RulesRefused: it cannot be read, or is not right.
    """
    try:
        content = path.read_bytes()
        if len(content) > FILE_MAX_BYTES:
            raise RulesRefused([f"{path} supera {FILE_MAX_BYTES // 1024} KB."])
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise RulesRefused([f"No se puede leer {path}: {error.strerror}."]) from error
    except UnicodeDecodeError as error:
        raise RulesRefused([f"{path} no está en UTF-8."]) from error
    return read_rules(text, environ, reach)


def read_rules(text: str, environ: Mapping[str, str], reach: Reach = anyone) -> tuple[Rule, ...]:
    """The rules in the text of a routing file; as ``load_rules``."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise RulesRefused([_syntax(error)]) from error
    if not isinstance(root, yaml.SequenceNode) or not root.value:
        raise RulesRefused(["Debe ser una lista de reglas, y tener alguna («- name: …»)."])
    reader = _Reader(environ, reach)
    rules = [reader.rule(node, number) for number, node in enumerate(root.value, 1)]
    if len(rules) > RULES_MAX:
        reader.problems.append(f"Admite {RULES_MAX} reglas como máximo.")
    if reader.problems:
        raise RulesRefused(reader.problems)
    return tuple(rules)


def _syntax(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"Línea {mark.line + 1}: no" if mark else "No"
    return f"{where} es YAML válido ({getattr(error, 'problem', None) or 'no se entiende'})."


class _Wrong(Exception):
    """One value is not right; the text says how, in Spanish."""


@dataclass
class _Reader:
    """Reads rules, and goes on where one is wrong.

    Scalars are judged by their tags, so that YAML 1.1 and 1.2 readers understand the file alike:
    a text that some of them take for a number or a switch has to be in quotes.
    """

    environ: Mapping[str, str]
    reach: Reach
    problems: list[str] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)
    _rule: str = ""

    def rule(self, node: yaml.Node, number: int) -> Rule:
        """The rule in ``node``, as far as it is right."""
        self._rule = f"la regla {number}"
        if not isinstance(node, yaml.MappingNode):
            self._problem(node, "debe tener claves, como «name: Guardia»")
            return Rule("", ())
        nodes = self._keys(node)
        name = self._one(nodes, "name", _text) or ""
        if name:
            self._rule = f"«{name}»"
        for key in ("name", "to"):
            if key not in nodes:
                self._problem(node, f"falta {key}")
        if name and name in self._names:
            self._problem(nodes["name"], "ya hay otra regla con ese nombre")
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

    def _keys(self, node: yaml.MappingNode) -> dict[str, yaml.Node]:
        nodes: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if name not in KEYS:
                self._problem(key, f"«{name}» no es una clave; las hay: {', '.join(KEYS)}")
            elif name in nodes:
                self._problem(key, f"{name} está dos veces")
            else:
                nodes[name] = value
        return nodes

    def _one(
        self, nodes: Mapping[str, yaml.Node], key: str, read: Callable[[yaml.Node], Any]
    ) -> Any:
        node = nodes.get(key)
        if node is None:
            return None
        try:
            return read(node)
        except _Wrong as wrong:
            self._problem(node, f"{key}: {wrong}")
            return None

    def _many(
        self, nodes: Mapping[str, yaml.Node], key: str, read: Callable[[yaml.Node], Any]
    ) -> Iterator[Any]:
        """Each of the values of a key, which may be a list or one alone."""
        node = nodes.get(key)
        if node is None:
            return
        values = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if not 1 <= len(values) <= VALUES_MAX:
            self._problem(node, f"{key}: admite de 1 a {VALUES_MAX} valores")
            return
        for value in values:
            read_value = self._one({key: value}, key, read)
            if read_value is not None:
                yield read_value

    def _recipient(self, node: yaml.Node) -> Recipient:
        written = _scalar(node, maximum=2000)
        variable = _ENV.fullmatch(written)
        address = self.environ.get(variable[1], "") if variable else written
        if variable and not address:
            raise _Wrong(f"la variable {variable[1]} no está puesta")
        recipient = Recipient.of(address, variable[1] if variable else None)
        if recipient is None:
            # It may be a URL with a slip in it, and so hold a secret.
            raise _Wrong(
                "un destinatario es un correo, una URL de Apprise (tgram://…), un teléfono como "
                "+51999999999 o env:VARIABLE"
            )
        wrong = self.reach(recipient)
        if wrong is not None:
            raise _Wrong(f"{recipient.shown}: {wrong}")
        return recipient

    def _problem(self, node: yaml.Node, text: str) -> None:
        self.problems.append(f"Línea {node.start_mark.line + 1}, {self._rule}: {text}.")


def _scalar(node: yaml.Node, maximum: int = VALUE_MAX_CHARS) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise _Wrong("debe ser un texto")
    text = str(node.value)
    if node.tag != f"{_TAG}str":
        shown = f"«{text}» " if len(text) <= VALUE_MAX_CHARS else ""
        raise _Wrong(f"{shown}debe ser un texto; escríbalo entre comillas")
    if not text.strip() or len(text) > maximum:
        raise _Wrong(f"debe tener de 1 a {maximum} caracteres")
    return text.strip()


def _text(node: yaml.Node) -> str:
    text = _scalar(node)
    if not text.isprintable():
        raise _Wrong("debe ser una línea de texto")
    return text


def _urgency(node: yaml.Node) -> Urgency:
    urgency = parse_choice(Urgency, _scalar(node))
    if urgency is None or urgency is Urgency.LOW:
        raise _Wrong("debe ser medium o high; una urgencia baja no da aviso")
    return urgency


def _pattern(node: yaml.Node) -> Pattern:
    text = _scalar(node)
    if text.startswith("*"):
        raise _Wrong("el * va al final, detrás de un texto")
    pattern = Pattern.of(text)
    if "*" in pattern.text:
        raise _Wrong("el * solo vale al final")
    return pattern


def _hours(node: yaml.Node) -> Hours:
    match = _HOURS.fullmatch(_scalar(node))
    if match is None:
        raise _Wrong("debe ser como «22:00-06:00»")
    start, end = (int(match[n]) * 60 + int(match[n + 1]) for n in (1, 3))
    if end > DAY_MINUTES or end % DAY_MINUTES == start:
        raise _Wrong("debe empezar y acabar a horas distintas, hasta las 24:00")
    return Hours(start, end or DAY_MINUTES)


def _day(node: yaml.Node) -> int:
    day = _WEEK.get(folded(_scalar(node)))
    if day is None:
        raise _Wrong(f"un día es {', '.join(spanish for spanish, _ in DAYS)}, o mon … sun")
    return day


def _switch(node: yaml.Node) -> bool:
    if not isinstance(node, yaml.ScalarNode) or node.value not in ("true", "false"):
        raise _Wrong("debe ser true o false")
    return bool(node.value == "true")
