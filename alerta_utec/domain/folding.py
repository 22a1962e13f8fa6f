"""The one comparison of texts: filters, listings, statistics, webhooks, rules and throttles."""

import unicodedata
from functools import lru_cache

# Characters that show nothing, whatever their category says: Hangul fillers, the Braille blank.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
# Control, format, unassigned, private, separators, and marks that only change another character.
_INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Mc", "Me", "Mn", "Zl", "Zp", "Zs"})


@lru_cache(4096)
def fold(text: str) -> str:
    """Return the text as it is compared: composed, without case, with single spaces.

    Two texts that a reader takes for the same word are equal: ``é`` can be one character or two
    (Unicode Standard Annex 15, form NFC), and a runaway space is no other place.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    # Folding the case can take a composed character apart.
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    return " ".join(folded.split())


def is_invisible(text: str) -> bool:
    """Return whether the text shows nothing to a reader, as an empty one does."""
    return all(
        character in _BLANK or unicodedata.category(character) in _INVISIBLE for character in text
    )
