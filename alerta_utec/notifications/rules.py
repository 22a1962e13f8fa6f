"""Who gets a notice: rules that look at an incident, and the recipients that they name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from alerta_utec.domain.change import Change
from alerta_utec.domain.values import Urgency, unaccented
from alerta_utec.notifications.recipients import Kind, Recipient

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
    """The text as rules compare it: without accents, without regard to case.

    Letter by letter, so that the folded beginning of a text begins the folded text.
    """
    return unaccented(text).casefold()


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text to compare with, ``folded``; where ``prefix``, whatever begins like it will do."""

    text: str
    prefix: bool = False

    @classmethod
    def of(cls, written: str) -> "Pattern":
        """The pattern that a person wrote: ``*`` at the end means what begins like that.

        Words have one space between them, as in an incident's fields.
        """
        words = " ".join(written.split())
        return cls(folded(words.removesuffix("*")), prefix=words.endswith("*"))

    def accepts(self, key: str) -> bool:
        """Whether it accepts a folded text."""
        return key.startswith(self.text) if self.prefix else key == self.text


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of the day in minutes since midnight, from ``start`` (in) to ``end`` (out).

    ``start`` is 0 to 1439 and ``end`` 1 to 1440, and they differ; where ``end`` is not after
    ``start``, the part passes midnight and belongs to the day on which it began.
    """

    start: int
    end: int

    @property
    def overnight(self) -> bool:
        """Whether it passes midnight."""
        return self.end <= self.start

    def contain(self, minute: int) -> bool:
        """Whether a minute of the day is in it."""
        if self.overnight:
            return minute >= self.start or minute < self.end
        return self.start <= minute < self.end

    def began_yesterday(self, minute: int) -> bool:
        """Whether a minute that is in it belongs to the day before."""
        return self.overnight and minute < self.end


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules look at: the texts ``folded``, and when the change was made, on campus."""

    type_key: str
    location_key: str
    urgency: Urgency
    drill: bool
    at: datetime

    @classmethod
    def of(cls, change: Change, timezone: ZoneInfo) -> "Facts":
        """Those of the incident after the change."""
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
        """The minute of the day."""
        return self.at.hour * 60 + self.at.minute


@dataclass(frozen=True, slots=True)
class Rule:
    """Sends what meets all of its conditions ``to`` its recipients.

    A condition that is empty or none is always met; one with several values is met by any of
    them. ``days`` count from Monday as 0; with ``hours`` that pass midnight, the day is the one
    on which they began, so that a night is one night.
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
        """Which of its conditions these facts meet, in the order of a rule's keys."""
        conditions = dict(self._conditions(facts))
        return Evaluation(
            self,
            met=tuple(name for name, met in conditions.items() if met),
            unmet=tuple(name for name, met in conditions.items() if not met),
        )

    def day(self, facts: Facts) -> int:
        """The day that counts for it, Monday 0: of a night, the one on which it began."""
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
    """What a rule says to an incident: the names of the conditions that are met, and unmet."""

    rule: Rule
    met: tuple[str, ...]
    unmet: tuple[str, ...]

    @property
    def matches(self) -> bool:
        """Whether the rule sends it on."""
        return not self.unmet


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Who gets what: every rule that matches adds its recipients, and nobody gets it twice."""

    rules: tuple[Rule, ...]
    timezone: ZoneInfo

    @property
    def recipients(self) -> Mapping[str, Recipient]:
        """Every recipient of any rule by its ``key``, in the order of the file."""
        return {one.key: one for rule in self.rules for one in rule.to}

    def evaluate(self, facts: Facts) -> Sequence[Evaluation]:
        """What each rule says."""
        return [rule.evaluate(facts) for rule in self.rules]

    def recipients_of(self, change: Change, earlier: Iterable[Change] = ()) -> Sequence[Recipient]:
        """The recipients of the notice about ``change``, in the order of the file.

        ``earlier`` are the changes of the incident before it, where it is the all-clear: that
        goes to exactly those who were told of the incident, whatever the hour has become.
        Nobody gets what calls for no notice.
        """
        notices = [*(earlier if change.resolves() else ()), change]
        told = {
            recipient.key
            for notice in notices
            if change.alarms() and notice.raises()
            for verdict in self.evaluate(Facts.of(notice, self.timezone))
            if verdict.matches
            for recipient in verdict.rule.to
        }
        found: dict[tuple[Kind, str], Recipient] = {}
        for key, recipient in self.recipients.items():
            if key in told:
                found.setdefault((recipient.kind, recipient.destination), recipient)
        return list(found.values())


def _local(moment: datetime, timezone: ZoneInfo) -> datetime:
    try:
        return moment.astimezone(timezone)
    except OverflowError:  # the first or last hours of the years 1 to 9999
        return moment.astimezone(UTC)
