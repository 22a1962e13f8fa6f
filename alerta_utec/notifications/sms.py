"""The text message about an incident: one part, in the alphabet that every telephone has."""

import unicodedata

from alerta_utec.domain.change import Change
from alerta_utec.domain.values import unaccented
from alerta_utec.notifications.fitting import ShortText
from alerta_utec.notifications.rules import Facts
from alerta_utec.notifications.style import MessageStyle

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


def short_text(change: Change, style: MessageStyle) -> ShortText:
    """Write what happened and where, the description, and where to read more; all in ``GSM_7``."""
    incident = change.after
    key = "status.resuelto" if change.resolves() else f"urgency.{incident.urgency}"
    drill = [style.say("drill")] if incident.drill else []
    head = " - ".join([*drill, style.say(key).upper()])
    at = Facts.of(change, style.timezone).at
    facts = f"{head} {at:%H:%M}: {incident.type} - {incident.location}"
    detail = change.note or incident.description
    link = short_link(style.incident_page(incident.incident_id))
    return ShortText(gsm_7(facts), gsm_7(detail), link)


def short_link(link: str | None) -> str | None:
    """Return the link if it can be written in ``GSM_7``: the name of a host has no other form."""
    return link if link is not None and set(link) <= GSM_7 else None


def one_part(text: str) -> bool:
    """Tell whether a text in ``GSM_7`` fits one part."""
    return len(text) <= SMS_MAX


def gsm_7(text: str) -> str:
    """Convert the text to one line of ``GSM_7``; ``?`` replaces what has no close equivalent."""
    written = "".join(map(_letters, unicodedata.normalize("NFC", text)))
    return " ".join(written.split())


def _letters(letter: str) -> str:
    if letter in GSM_7:
        return letter
    if letter.isspace():
        return " "
    plainer = unaccented(letter).translate(_PLAINER)
    return "".join(one if one in GSM_7 else "?" for one in plainer)
