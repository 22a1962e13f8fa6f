"""An e-mail, and the interfaces of what writes and sends it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from alerta_utec.notifications.fitting import ShortText

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change


@dataclass(frozen=True, slots=True)
class Email:
    """One e-mail to all recipients of a mailer."""

    message_id: str
    # One line of ASCII, ≤ 99 characters, without encoded words (RFC 2047).
    subject: str
    body: str
    attributes: Mapping[str, str | int | Sequence[str]] = field(default_factory=dict)
    # The same as a text message, for recipients that take no more.
    short: ShortText | None = None
    # Says that the body was cut, where a channel takes less.
    cut_note: str = "[…]"


class Mailer(Protocol):
    """A sender of e-mail."""

    def send(self, email: Email) -> None:
        """Hand the e-mail over, to all recipients; blocks for up to 30 s.

        Returning means that the next hop has accepted it. At least once: after an
        ``Unavailable`` it may have been accepted all the same.

        Raises:
            Unavailable: another attempt may succeed.
        """
        ...


class Composer(Protocol):
    """A writer of e-mails' texts."""

    def compose(self, changes: "Sequence[Change]") -> Email:
        """Write one e-mail about ``changes`` (at least one). The same input gives the same e-mail.

        Raises:
            Unavailable.
        """
        ...


class IdleConnection(Protocol):
    """A connection that a mailer keeps open between e-mails."""

    def close_idle(self) -> None:
        """Close the connection if it is open; the next e-mail opens another."""
        ...
