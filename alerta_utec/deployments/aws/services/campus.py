"""The settings of the campus: its time zone and its language."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from alerta_utec.domain.messages import DEFAULT_LANG, Lang, parse_lang


def timezone(environment: Mapping[str, str]) -> ZoneInfo:
    """Return the time zone (``ALERTA_TIMEZONE``)."""
    return ZoneInfo(environment["ALERTA_TIMEZONE"])


def lang(environment: Mapping[str, str]) -> Lang:
    """Return the language of e-mails and alerts (``ALERTA_LANG``), Spanish by default."""
    return parse_lang(environment.get("ALERTA_LANG")) or DEFAULT_LANG
