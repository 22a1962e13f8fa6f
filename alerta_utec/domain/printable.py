"""Text without characters that control a terminal or mislead a reader."""

import unicodedata

# Control, format (some turn the direction of text), surrogate, line and paragraph separator.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")  # part of ordinary words and emoji


def safe(text: object, *, lines: bool = False) -> str:
    """Replace every character that may control a terminal by its escape, such as ``\\u202e``.

    JSON stays valid and equal. With ``lines``, line breaks stay.
    """
    return "".join(
        character if _harmless(character) or (lines and character == "\n") else _shown(character)
        for character in str(text)
    )


def _harmless(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _UNSAFE


def _shown(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex(" ", 2).split()
    return "".join(rf"\u{unit}" for unit in units)
