"""Recipients of notifications: e-mail addresses, Apprise services and telephones."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

# ASCII only: other scripts need SMTPUTF8 from every server on the way (RFC 6531).
_EMAIL = re.compile(r"[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]{1,64}@[0-9A-Za-z.-]{1,255}")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")  # ITU-T E.164
_HASHED = re.compile(r"([a-z][a-z0-9+.-]*):[0-9a-f]{16}")
_APPRISE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")


class Kind(StrEnum):
    """The way to a recipient."""

    EMAIL = "email"
    APPRISE = "apprise"
    PHONE = "phone"
    # A folder of this machine, which any mail program can open.
    MAILDIR = "maildir"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient of notifications."""

    kind: Kind
    # An e-mail address, an Apprise URL (which can hold secrets) or a telephone number in E.164.
    address: str
    # The environment variable that the address was read from.
    named: str | None = None

    @classmethod
    def of(cls, written: str, named: str | None = None) -> "Recipient | None":
        """Return the recipient that a person wrote, or ``None`` if it is of no known kind."""
        for kind, pattern in (
            (Kind.EMAIL, _EMAIL),
            (Kind.PHONE, _PHONE),
            (Kind.APPRISE, _APPRISE),
        ):
            if pattern.fullmatch(written):
                return cls(kind, written, named)
        return None

    @property
    def key(self) -> str:
        """Return the stored name, without secrets; an equal spelling gives an equal name."""
        if self.named is not None:
            return f"env:{self.named}"
        if self.kind is Kind.APPRISE:
            return f"{self._scheme}:{hashlib.sha256(self.address.encode()).hexdigest()[:16]}"
        return self.destination

    @property
    def destination(self) -> str:
        """Return a text that is equal for two spellings of one recipient; it can hold secrets."""
        return self.address.lower() if self.kind is Kind.EMAIL else self.address

    @property
    def shown(self) -> str:
        """Return the name for operators, without secrets."""
        return shown(self.key)

    @property
    def _scheme(self) -> str:
        return self.address.partition(":")[0].lower()


def recipient_id(recipient: Recipient) -> str:
    """Return the recipient's name in a topic's messages, which every subscriber can read.

    Its subscription is named and filtered by it.
    """
    return hashlib.sha256(recipient.destination.encode()).hexdigest()[:16]


MAILDIR = Recipient(Kind.MAILDIR, "maildir")


def shown(key: str) -> str:
    """Return the name for operators of the recipient with this ``key``."""
    hashed = _HASHED.fullmatch(key)
    return f"{hashed[1]}://…" if hashed else key
