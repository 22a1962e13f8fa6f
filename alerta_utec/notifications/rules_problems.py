"""The problems of a rules file, as data that becomes text in the reader's language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alerta_utec.domain.messages import DEFAULT_LANG, Lang
from alerta_utec.notifications.messages import settings_text


@dataclass(frozen=True, slots=True)
class RulesProblem:
    """One thing that is not valid in a rules file: a text, and the place that it is about."""

    key: str
    params: Mapping[str, object] = field(default_factory=dict)
    # The rule by its number, and by its name as far as that is known; 0 for the whole file.
    number: int = 0
    name: str = ""
    # The key whose value is not valid.
    setting: str = ""
    # The recipient that cannot be reached, without its secrets.
    recipient: str = ""
    line: int | None = None

    def text(self, lang: Lang = DEFAULT_LANG) -> str:
        """Return a sentence that begins with the line and the rule, as far as they are known."""
        spanish = lang == "es"
        rule = f"la regla {self.number}" if spanish else f"rule {self.number}"
        line = f"{'Línea' if spanish else 'Line'} {self.line}" if self.line else ""
        where = [line, (f"«{self.name}»" if self.name else rule) if self.number else ""]
        parts = [", ".join(filter(None, where)), self.setting, self.recipient]
        return ": ".join([*filter(None, parts), settings_text(self.key, lang, **self.params)]) + "."


class RulesRefused(ValueError):
    """The rules are not valid: ``details`` in the file's order, ``problems`` as Spanish texts."""

    def __init__(self, details: Sequence[RulesProblem]):
        self.details = tuple(details)
        self.problems = tuple(problem.text() for problem in details)
        super().__init__("\n".join(self.problems))
