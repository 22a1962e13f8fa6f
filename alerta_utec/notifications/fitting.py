"""Texts fitted to what a channel takes: cut to its length, and without markup of reporters."""

import re
from collections.abc import Callable, Collection
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
        return f"{body[:kept].rstrip()}\n{note}"

    kept = _most(len(body), lambda count: fits(shortened(count)))
    return shortened(kept) if kept else cut_line(body, fits)


def cut_line(line: str, fits: Fits) -> str:
    """Return the line, cut with ``...`` at its end unless it fits as it is."""
    if fits(line):
        return line

    def shortened(kept: int) -> str:
        return line[:kept].rstrip() + "..."

    return shortened(_most(len(line), lambda count: fits(shortened(count))))


def _most(longest: int, fits: Callable[[int], bool]) -> int:
    """Return the greatest count that fits, or 0."""
    low, high = 0, longest
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
