"""Where a notice goes: an e-mail address, a service of Apprise's, a telephone."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

# ASCII only: other scripts would need SMTPUTF8 of every server on the way (RFC 6531).
_EMAIL = re.compile(r"[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]{1,64}@[0-9A-Za-z.-]{1,255}")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")  # ITU-T E.164
_HASHED = re.compile(r"([a-z][a-z0-9+.-]*):[0-9a-f]{16}")
_APPRISE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")


class Kind(StrEnum):
    """How a recipient is reached."""

    EMAIL = "email"
    APPRISE = "apprise"
    PHONE = "phone"
    # The folder of this machine that any mail program can open.
    MAILDIR = "maildir"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where notices go.

    ``address``: an e-mail address, an Apprise URL (which may hold secrets) or a telephone number
    in E.164. ``named``: the environment variable that it was taken from.
    """

    kind: Kind
    address: str
    named: str | None = None

    @classmethod
    def of(cls, written: str, named: str | None = None) -> "Recipient | None":
        """The recipient that a person wrote; none where it is none of the three kinds."""
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
        """Its name in a store, without a secret: the same as long as it is written the same."""
        if self.named is not None:
            return f"env:{self.named}"
        if self.kind is Kind.APPRISE:
            return f"{self._scheme}:{hashlib.sha256(self.address.encode()).hexdigest()[:16]}"
        return self.destination

    @property
    def destination(self) -> str:
        """What is equal for two that are one and the same recipient; may hold secrets."""
        return self.address.lower() if self.kind is Kind.EMAIL else self.address

    @property
    def shown(self) -> str:
        """Its name for the people who run the service, without a secret."""
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
    """The recipient with this ``key`` as people are shown it."""
    hashed = _HASHED.fullmatch(key)
    return f"{hashed[1]}://…" if hashed else key
