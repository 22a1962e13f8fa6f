"""The rules of notifications: conditions on an incident, and the recipients that they name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from alerta_utec.domain.values import Urgency, unaccented
from alerta_utec.notifications.recipients import Kind, Recipient

if TYPE_CHECKING:  # it needs pydantic, which the check before a deployment runs without
    from alerta_utec.domain.change import Change

# Monday first, as ``datetime.weekday`` counts; each in Spanish and in English.
DAYS: Sequence[tuple[str, str]] = (
    ("lun", "mon"),
    ("mar", "tue"),
    ("mie", "wed"),
    ("jue", "thu"),
    ("vie", "fri"),
    ("sab", "sat"),
    ("dom", "sun"),
)
DAY_MINUTES = 24 * 60


def folded(text: str) -> str:
    """Return the text as rules compare it: without accents and case.

    It works letter by letter, so that the folded beginning of a text begins the folded text.
    """
    return unaccented(text).casefold()


@dataclass(frozen=True, slots=True)
class Pattern:
    """A ``folded`` text to compare with; a ``prefix`` accepts any text that begins with it."""

    text: str
    prefix: bool = False
    # As a person wrote it, for deployments.
    written: str = field(default="", compare=False)

    @classmethod
    def of(cls, written: str) -> "Pattern":
        """Return the pattern that a person wrote; ``*`` at its end makes a prefix.

        Words have one space between them, as in an incident's fields.
        """
        words = " ".join(written.split())
        return cls(folded(words.removesuffix("*")), prefix=words.endswith("*"), written=words)

    def accepts(self, key: str) -> bool:
        """Tell whether the pattern accepts a folded text."""
        return key.startswith(self.text) if self.prefix else key == self.text


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of the day in minutes since midnight, from ``start`` (in) to ``end`` (out).

    ``start`` is 0 to 1439, ``end`` 1 to 1440, and they differ. If ``end`` is not after ``start``,
    the part passes midnight and belongs to the day on which it began.
    """

    start: int
    end: int

    @property
    def overnight(self) -> bool:
        """Tell whether the part passes midnight."""
        return self.end <= self.start

    def contain(self, minute: int) -> bool:
        """Tell whether a minute of the day is in the part."""
        if self.overnight:
            return minute >= self.start or minute < self.end
        return self.start <= minute < self.end

    def began_yesterday(self, minute: int) -> bool:
        """Tell whether a minute in the part belongs to the day before."""
        return self.overnight and minute < self.end


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that rules test: ``folded`` texts, and the campus time of the change."""

    type_key: str
    location_key: str
    urgency: Urgency
    drill: bool
    at: datetime

    @classmethod
    def of(cls, change: "Change", timezone: ZoneInfo) -> "Facts":
        """Return the facts of the incident after the change."""
        incident = change.after
        return cls(
            folded(incident.type),
            folded(incident.location),
            incident.urgency,
            incident.drill,
            _local(change.at, timezone),
        )

    @property
    def minute(self) -> int:
        """Return the minute of the day."""
        return self.at.hour * 60 + self.at.minute


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: an incident that meets all its conditions goes ``to`` its recipients.

    An empty condition, or ``None``, is always met; one with several values is met by any of
    them. ``days`` count from Monday as 0. With ``hours`` that pass midnight, the day is the one
    on which they began, so that a night belongs to one day.
    """

    name: str
    to: tuple[Recipient, ...]
    urgency: frozenset[Urgency] = frozenset()
    type: tuple[Pattern, ...] = ()
    location: tuple[Pattern, ...] = ()
    hours: Hours | None = None
    days: frozenset[int] = frozenset()
    drill: bool | None = None

    def evaluate(self, facts: Facts) -> "Evaluation":
        """Return which conditions these facts meet, in the order of a rule's keys."""
        conditions = dict(self._conditions(facts))
        return Evaluation(
            self,
            met=tuple(name for name, met in conditions.items() if met),
            unmet=tuple(name for name, met in conditions.items() if not met),
        )

    def day(self, facts: Facts) -> int:
        """Return the day that counts, Monday as 0: for a night, the day on which it began."""
        yesterday = self.hours is not None and self.hours.began_yesterday(facts.minute)
        return (facts.at.weekday() - yesterday) % len(DAYS)

    def _conditions(self, facts: Facts) -> Iterable[tuple[str, bool]]:
        if self.urgency:
            yield "urgency", facts.urgency in self.urgency
        if self.type:
            yield "type", any(one.accepts(facts.type_key) for one in self.type)
        if self.location:
            yield "location", any(one.accepts(facts.location_key) for one in self.location)
        if self.hours is not None:
            yield "hours", self.hours.contain(facts.minute)
        if self.days:
            yield "days", self.day(facts) in self.days
        if self.drill is not None:
            yield "drill", facts.drill == self.drill


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of a rule for an incident: the names of met and unmet conditions."""

    rule: Rule
    met: tuple[str, ...]
    unmet: tuple[str, ...]

    @property
    def matches(self) -> bool:
        """Tell whether the incident goes to the rule's recipients."""
        return not self.unmet


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules: each that matches adds its recipients, and no recipient is notified twice."""

    rules: tuple[Rule, ...]
    timezone: ZoneInfo

    @property
    def recipients(self) -> Mapping[str, Recipient]:
        """Return the recipients of all rules by ``key``, in the order of the file."""
        return {one.key: one for rule in self.rules for one in rule.to}

    def evaluate(self, facts: Facts) -> Sequence[Evaluation]:
        """Evaluate each rule."""
        return [rule.evaluate(facts) for rule in self.rules]

    def recipients_of(
        self, change: "Change", earlier: "Iterable[Change]" = ()
    ) -> Sequence[Recipient]:
        """Return the recipients of the notification about ``change``, in the order of the file.

        An all-clear goes to exactly the recipients of the incident's earlier notifications,
        whatever the time is now; ``earlier`` are the incident's changes before it, in any order,
        of which no more are read than needed. A change that calls for no notification has no
        recipients.
        """
        notified: set[str] = set()
        if change.notifies():
            for one in chain([change], earlier if change.resolves() else ()):
                if one.escalates():
                    notified |= self._notified_by(one)
                if len(notified) == len(self.recipients):
                    break
        found: dict[tuple[Kind, str], Recipient] = {}
        for key, recipient in self.recipients.items():
            if key in notified:
                found.setdefault((recipient.kind, recipient.destination), recipient)
        return list(found.values())

    def _notified_by(self, change: "Change") -> set[str]:
        """Return the keys of the recipients that a change itself is sent to."""
        evaluations = self.evaluate(Facts.of(change, self.timezone))
        return {one.key for each in evaluations if each.matches for one in each.rule.to}


def _local(moment: datetime, timezone: ZoneInfo) -> datetime:
    try:
        return moment.astimezone(timezone)
    except OverflowError:  # the first or last hours of the years 1 to 9999
        return moment.astimezone(UTC)
