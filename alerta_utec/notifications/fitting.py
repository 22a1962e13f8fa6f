"""Texts fitted to what a channel takes: cut to its length, and without markup of reporters."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

# Which services render no markup, and get the text exactly as it is written.
PLAIN = frozenset(
    {"json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos", "syslog", "rsyslog"}
)
ZERO_WIDTH_SPACE = "\u200b"
# Where a character between the two sides ends a mention (@everyone, @**all**, <!here>, <@U1>,
# <users/all>), a link with another text ([text](address), [text][name], [name]: address,
# <address|text>), a spoiler or a block of code, in any of the markups that services render.
_MARKUP = re.compile(
    r"(?<=[@\uff20<])(?=\S)|(?<=\])(?=[(\[:])|(?<=!)(?=\[)|(?<=`)(?=`)|(?<=\|)(?=\|)"
)
# A link at the end of a text that was cut, perhaps within the link.
_CUT_LINK = re.compile(r"https?://\S{0,300}\Z")
# A text message without a link rather than with less than this of the facts.
FACTS_MIN = 60


class Fits(Protocol):
    """Tells whether a channel takes a text."""

    def __call__(self, text: str) -> bool: ...


def without_markup(text: str, schemas: Collection[str], *, breaker: str = ZERO_WIDTH_SPACE) -> str:
    """Return the text with mentions broken and links shown as text.

    A service that is in no registry gets it too: its markup is unknown.

    Args:
        schemas: the service's, of which ``PLAIN`` ones render no markup.
        breaker: what is written into the markup; a text message has no zero-width characters.
    """
    return text if PLAIN.intersection(schemas) else _MARKUP.sub(breaker, text)


def utf16_length(text: str) -> int:
    """Return the length in UTF-16 units, the most that a service counts for a character."""
    return len(text.encode("utf-16-le")) // 2


def cut_body(body: str, note: str, fits: Fits) -> str:
    """Return the body, cut with the ``note`` at its end unless it fits as it is.

    The body begins with the grave facts, so that a cut leaves them.
    """
    if fits(body):
        return body

    def shortened(kept: int) -> str:
        # A link that is cut leads elsewhere.
        whole_links = _CUT_LINK.sub("", body[:kept])
        return f"{whole_links.rstrip()}\n{note}"

    kept = _most(len(body), lambda count: fits(shortened(count)))
    return shortened(kept) if kept else cut_line(body, fits)


@dataclass(frozen=True, slots=True)
class ShortText:
    """A message of one line: the grave facts, what else there is to say, and a link."""

    facts: str
    detail: str = ""
    link: str | None = None

    def fitted(self, fits: Fits) -> str:
        """Return the line; ``...`` shows where it was cut.

        The detail is cut first, then the facts down to ``FACTS_MIN``; then the link goes, which is
        of no use in part.
        """
        text = f"{self.facts}. {self.detail}" if self.detail else self.facts
        least = min(FACTS_MIN, len(self.facts))
        link = f" {self.link}" if self.link else ""
        if fits(text + link):
            return text + link
        kept = _most(len(text), lambda count: fits(_dotted(text, count) + link))
        return _dotted(text, kept) + link if kept >= least else cut_line(text, fits)


def cut_line(line: str, fits: Fits) -> str:
    """Return the line, cut with ``...`` at its end unless it fits as it is."""
    if fits(line):
        return line

    return _dotted(line, _most(len(line), lambda count: fits(_dotted(line, count))))


def _dotted(line: str, kept: int) -> str:
    return line[:kept].rstrip() + "..."


def _most(longest: int, fits: Callable[[int], bool]) -> int:
    """Return the greatest count that fits, or 0."""
    low, high = 0, longest
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
