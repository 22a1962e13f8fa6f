"""E-mail over SMTP."""

import logging
import smtplib
import socket
import ssl
import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from alerta_utec.adapters.clock import SystemClock
from alerta_utec.adapters.local.message import Envelope, to_message
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports import Clock, Email

log = logging.getLogger(__name__)

# For one step of a conversation, and for all of it: each step can be drawn out for ever.
TIMEOUT_S = 10.0
DEADLINE_S = 30.0
REMEMBERED_MAX = 1000
# RFC 5321, section 4.2.1: 4yz may pass, 5yz is final.
PERMANENT = 500

# ``implicit``: TLS from the first byte (smtps). ``required``: STARTTLS with a certificate
# that checks out. ``offered``: STARTTLS where the server has it, whatever its certificate:
# without a password to lose, an unproven peer is better than none (RFC 7435).
Tls = Literal["implicit", "required", "offered", "off"]
Refused = Mapping[str, tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where to hand e-mail over, and how."""

    host: str
    port: int
    tls: Tls = "offered"
    user: str | None = None
    password: str = field(default="", repr=False)
    trust: ssl.SSLContext | None = field(default=None, repr=False)


class SmtpMailer:
    """A ``Mailer`` over SMTP, one connection for each e-mail.

    A server may take an e-mail for some recipients and refuse others. A refusal that may
    pass (4xx, greylisting) makes the e-mail ``Unavailable``; its next try goes only to the
    recipients that are left, as long as the process lives. One that is final (5xx) is
    logged, by its number alone, and the e-mail counts as sent; but where nobody at all has
    taken it, it stays ``Unavailable``, since the fault may be ours.
    """

    def __init__(
        self,
        server: SmtpServer,
        envelope: Envelope,
        clock: Clock | None = None,
        *,
        deadline_s: float = DEADLINE_S,
    ):
        self.server = server
        self._deadline_s = deadline_s
        self._envelope = envelope
        self._clock = clock or SystemClock()
        self._taken: OrderedDict[str, set[str]] = OrderedDict()
        self._lock = threading.Lock()

    def send(self, email: Email) -> None:
        try:
            refused = self._hand_over(email)
        except smtplib.SMTPResponseException as error:
            name = type(error).__name__
            raise Unavailable(f"SMTP: {name} {error.smtp_code}") from error
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            raise Unavailable(f"SMTP: {type(error).__name__}") from error
        if refused:
            self._judge(email, refused)

    def _hand_over(self, email: Email) -> Refused:
        content = bytes(to_message(email, self._envelope, self._clock.now()))
        left = [one for one in self._envelope.recipients if one not in self._taken_for(email)]
        if not left:
            return {}
        with closing(self._connect()) as connection:
            try:
                # Not send_message, which puts ">" before a body's line that begins with "From ".
                refused: Refused = connection.sendmail(self._envelope.sender, left, content)
            except smtplib.SMTPRecipientsRefused as error:
                return error.recipients
            self._remember(email, set(left) - set(refused))
            # It has been taken: how the conversation ends changes nothing.
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
        return refused

    def _judge(self, email: Email, refused: Refused) -> None:
        codes = sorted({code for code, _ in refused.values()})
        if codes[0] < PERMANENT or not self._taken_for(email):
            raise Unavailable(f"SMTP: refused with {', '.join(map(str, codes))}")
        fields = {"message_id": email.message_id, "refused": len(refused), "codes": codes}
        log.warning("email_refused_for_some", extra=fields)

    def _connect(self) -> smtplib.SMTP:
        server = self.server
        trust = server.trust or ssl.create_default_context()
        connection: smtplib.SMTP
        if server.tls == "implicit":
            connection = _TlsConversation(server, self._deadline_s, context=trust)
        else:
            connection = _Conversation(server, self._deadline_s)
        try:
            self._start_tls(connection, trust)
            if server.user is not None:
                connection.login(server.user, server.password)
        except BaseException:
            connection.close()
            raise
        return connection

    def _start_tls(self, connection: smtplib.SMTP, trust: ssl.SSLContext) -> None:
        connection.ehlo_or_helo_if_needed()
        if self.server.tls == "required":
            connection.starttls(context=trust)
        elif self.server.tls == "offered" and connection.has_extn("starttls"):
            unproven = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            unproven.check_hostname = False
            unproven.verify_mode = ssl.CERT_NONE
            connection.starttls(context=unproven)

    def _taken_for(self, email: Email) -> Collection[str]:
        with self._lock:
            return frozenset(self._taken.get(email.message_id, ()))

    def _remember(self, email: Email, taken: set[str]) -> None:
        with self._lock:
            self._taken.setdefault(email.message_id, set()).update(taken)
            while len(self._taken) > REMEMBERED_MAX:
                self._taken.popitem(last=False)


class _Conversation(smtplib.SMTP):
    """A connection that is cut off at a deadline, whatever it is waiting for."""

    def __init__(self, server: SmtpServer, deadline_s: float, **options: Any):
        self._deadline = threading.Timer(deadline_s, self._cut)
        self._deadline.daemon = True
        super().__init__(server.host, server.port, timeout=TIMEOUT_S, **options)

    def connect(self, *where: Any, **options: Any) -> tuple[int, bytes]:
        self._deadline.start()
        try:
            return super().connect(*where, **options)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._deadline.cancel()
        super().close()

    def _cut(self) -> None:
        open_socket = self.sock
        if open_socket is not None:
            with suppress(OSError):  # closed meanwhile
                open_socket.shutdown(socket.SHUT_RDWR)


class _TlsConversation(_Conversation, smtplib.SMTP_SSL):
    """The same, encrypted from the first byte."""
