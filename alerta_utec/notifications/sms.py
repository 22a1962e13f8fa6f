"""The text message about an incident: one part, in the alphabet that every telephone has."""

import unicodedata
from zoneinfo import ZoneInfo

from alerta_utec.domain.change import Change
from alerta_utec.domain.messages import DEFAULT_LANG, Lang
from alerta_utec.domain.values import unaccented
from alerta_utec.notifications.email_texts import email_text
from alerta_utec.notifications.rules import Facts

# 3GPP TS 23.038, section 6.2.1, the basic alphabet, without its line breaks: 160 of these fit one
# part of 140 bytes. With a single letter from outside it, a part holds only 70.
GSM_7 = frozenset(
    "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# SNS prepends the first ten characters of the topic's display name and "> ".
SMS_MAX = 160 - len("Alerta UTE> ")
_SIGNS = "“”‘’«»–—‐⁄×[]{}\\|~^`€"  # noqa: RUF001 (signs that look like others are the point)
_PLAINER = str.maketrans(dict(zip(_SIGNS, '""\'\'""---/x()()//--\'E', strict=True)) | {"°": ""})


def short_text(change: Change, timezone: ZoneInfo, lang: Lang = DEFAULT_LANG) -> str:
    """Write what happened and where, then as much of the description as fits.

    The result has at most ``SMS_MAX`` characters, all from ``GSM_7``.
    """
    incident = change.after
    key = "status.resuelto" if change.resolves() else f"urgency.{incident.urgency}"
    drill = [email_text("drill", lang)] if incident.drill else []
    head = " - ".join([*drill, email_text(key, lang).upper()])
    text = f"{head} {Facts.of(change, timezone).at:%H:%M}: {incident.type} - {incident.location}"
    description = change.note or incident.description
    return cut(gsm_7(f"{text}. {description}" if description else text))


def gsm_7(text: str) -> str:
    """Convert the text to one line of ``GSM_7``; ``?`` replaces what has no close equivalent."""
    written = "".join(map(_letters, unicodedata.normalize("NFC", text)))
    return " ".join(written.split())


def cut(text: str) -> str:
    """Cut the text to ``SMS_MAX`` characters; ``...`` marks the cut."""
    return text if len(text) <= SMS_MAX else text[: SMS_MAX - 3].rstrip() + "..."


def _letters(letter: str) -> str:
    if letter in GSM_7:
        return letter
    if letter.isspace():
        return " "
    plainer = unaccented(letter).translate(_PLAINER)
    return "".join(one if one in GSM_7 else "?" for one in plainer)
