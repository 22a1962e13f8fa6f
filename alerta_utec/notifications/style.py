"""How messages about incidents are written: in which language and time, and with which links."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from alerta_utec.domain.messages import DEFAULT_LANG, Lang
from alerta_utec.domain.panel_links import incident_page
from alerta_utec.notifications.email_texts import email_text

# What some channel would take for markup, or cannot write; a path may have it encoded.
_UNSAFE = re.compile(r"[^A-Za-z0-9/:.#=%_-]")


@dataclass(frozen=True, slots=True)
class MessageStyle:
    """The style of all messages.

    ``timezone``: the campus's. ``panel_url``: where people reach the panel, without a slash at its
    end; ``None``: unknown, and messages have no links.
    """

    timezone: ZoneInfo
    lang: Lang = DEFAULT_LANG
    panel_url: str | None = None

    def say(self, key: str, /, **params: Any) -> str:
        """Return one text of ``EMAIL`` in the language."""
        return email_text(key, self.lang, **params)

    @property
    def panel_page(self) -> str | None:
        """The panel's address, in characters that every channel shows as they are."""
        if self.panel_url is None:
            return None
        parts = urlsplit(self.panel_url)
        path = _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", parts.path)
        return f"{parts.scheme}://{parts.netloc}{path}/"

    def incident_page(self, incident_id: str) -> str | None:
        """Return the address of an incident in the panel, in the same characters."""
        panel = self.panel_page
        return panel and incident_page(panel.removesuffix("/"), incident_id)

    def cut_note(self, link: str | None) -> str:
        """Return what says at the end of a text that it was cut, and where the whole text is."""
        return self.say("cut") if link is None else self.say("cut.link", link=link)
