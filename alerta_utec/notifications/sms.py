"""The text message about an incident: one part, in the letters that every telephone has."""

import unicodedata
from zoneinfo import ZoneInfo

from alerta_utec.domain.change import Change
from alerta_utec.domain.messages import DEFAULT_LANG, Lang, email_text
from alerta_utec.domain.values import unaccented
from alerta_utec.notifications.rules import Facts

# 3GPP TS 23.038, section 6.2.1, the basic alphabet: 160 of these are one part of 140 bytes. One
# letter beyond it, and a part holds 70. Left out are its line breaks.
GSM_7 = frozenset(
    "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# SNS puts the first ten characters of the topic's display name and "> " before the text.
SMS_MAX = 160 - len("Alerta UTE> ")
_SIGNS = "“”‘’«»–—‐⁄×[]{}\\|~^`€"  # noqa: RUF001 (signs that look like others are the point)
_PLAINER = str.maketrans(dict(zip(_SIGNS, '""\'\'""---/x()()//--\'E', strict=True)) | {"°": ""})


def short_text(change: Change, timezone: ZoneInfo, lang: Lang = DEFAULT_LANG) -> str:
    """What has happened and where, then as much of the description as there is room for.

    At most ``SMS_MAX`` characters, all of them of ``GSM_7``.
    """
    incident = change.after
    key = "status.resuelto" if change.resolves() else f"urgency.{incident.urgency}"
    drill = [email_text("drill", lang)] if incident.drill else []
    head = " - ".join([*drill, email_text(key, lang).upper()])
    text = f"{head} {Facts.of(change, timezone).at:%H:%M}: {incident.type} - {incident.location}"
    description = change.note or incident.description
    return cut(gsm_7(f"{text}. {description}" if description else text))


def gsm_7(text: str) -> str:
    """The text in one line of letters of ``GSM_7``; ``?`` where none is near."""
    written = "".join(map(_letters, unicodedata.normalize("NFC", text)))
    return " ".join(written.split())


def cut(text: str) -> str:
    """The text, or its beginning and ``...`` where it is longer than ``SMS_MAX``."""
    return text if len(text) <= SMS_MAX else text[: SMS_MAX - 3].rstrip() + "..."


def _letters(letter: str) -> str:
    if letter in GSM_7:
        return letter
    if letter.isspace():
        return " "
    plainer = unaccented(letter).translate(_PLAINER)
    return "".join(one if one in GSM_7 else "?" for one in plainer)
