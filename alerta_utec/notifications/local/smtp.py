"""E-mail over SMTP."""

import logging
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from alerta_utec.adapters.clock import SystemClock
from alerta_utec.adapters.tls import client_context
from alerta_utec.domain.errors import Unavailable
from alerta_utec.notifications.local.message import Envelope, to_message
from alerta_utec.notifications.mailer import Email
from alerta_utec.ports.clock import Clock

log = logging.getLogger(__name__)

# The limits of one step and of a whole conversation, since a server can make steps endless.
TIMEOUT_S = 10.0
DEADLINE_S = 30.0
COMPLETED = 250  # RFC 5321, section 4.2.3
_STARTTLS_FAILURES = (smtplib.SMTPResponseException, smtplib.SMTPServerDisconnected, OSError)

# ``implicit``: TLS from the first byte (smtps). ``required``: STARTTLS with a valid certificate.
# ``offered``: STARTTLS if the server offers it and it succeeds, with any certificate, else in
# clear: without a password to lose, unauthenticated encryption is better than cleartext, and
# cleartext better than an alarm that never leaves (RFC 7435).
Tls = Literal["implicit", "required", "offered", "off"]


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server, and how to connect to it."""

    host: str
    port: int
    tls: Tls = "offered"
    user: str | None = None
    password: str = field(default="", repr=False)
    trust: ssl.SSLContext | None = field(default=None, repr=False)


class SmtpConnection:
    """A connection to one server, kept open between e-mails until ``close_idle``.

    ``deadline_s`` is the time limit of one e-mail. For one thread at a time.
    """

    def __init__(self, server: SmtpServer, *, deadline_s: float = DEADLINE_S):
        self.server = server
        self._deadline_s = deadline_s
        self._kept: list[_Conversation] = []

    @contextmanager
    def conversation(self) -> Iterator[smtplib.SMTP]:
        """Yield the connection, ready for an e-mail; an exception in the block closes it.

        Raises:
            smtplib.SMTPException, OSError: the server accepts no connection.
        """
        connection = self._again() or self._connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._kept.append(connection)

    def close_idle(self) -> None:
        """Close the kept connection."""
        while self._kept:
            # The server has accepted what was sent: an error at the end changes nothing.
            with closing(self._kept.pop()) as last, suppress(smtplib.SMTPException, OSError):
                last.quit()

    def _again(self) -> "_Conversation | None":
        """Return the kept connection if the server still answers on it."""
        if not self._kept:
            return None
        connection = self._kept.pop()
        connection.restart(self._deadline_s)
        with suppress(smtplib.SMTPException, OSError):
            code, _ = connection.rset()
            if code == COMPLETED:
                return connection
        connection.close()
        return None

    def _connect(self) -> "_Conversation":
        server = self.server
        connection = self._open()
        try:
            try:
                encryption = self._start_tls(connection)
            except _STARTTLS_FAILURES as error:
                if server.tls != "offered" or server.user is not None:
                    raise
                # The connection may be half encrypted: begin anew, in clear.
                connection.close()
                connection, encryption = self._open(), "none"
                connection.ehlo_or_helo_if_needed()
                log.warning("smtp_starttls_failed", extra={"reason": _reason(error)})
            if server.user is not None:
                connection.login(server.user, server.password)
        except BaseException:
            connection.close()
            raise
        log.info("smtp_connected", extra={"encryption": encryption})
        return connection

    def _open(self) -> "_Conversation":
        server = self.server
        if server.tls != "implicit":
            return _Conversation(server, self._deadline_s)
        return _TlsConversation(server, self._deadline_s, context=_trust(server))

    def _start_tls(self, connection: smtplib.SMTP) -> str:
        """Encrypt the connection as the settings say; return the kind of encryption."""
        connection.ehlo_or_helo_if_needed()
        if self.server.tls == "implicit":
            return "tls"
        if self.server.tls == "required":
            connection.starttls(context=_trust(self.server))
            return "starttls"
        if self.server.tls == "offered" and connection.has_extn("starttls"):
            unproven = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            unproven.check_hostname = False
            unproven.verify_mode = ssl.CERT_NONE
            connection.starttls(context=unproven)
            return "starttls"
        return "none"


@dataclass(frozen=True)
class SmtpMailer:
    """A ``Mailer`` over SMTP, to one recipient.

    Every refusal can be retried, a permanent one (5xx) too: its cause can be ours, such as a
    changed password.
    """

    connection: SmtpConnection
    envelope: Envelope
    clock: Clock = field(default_factory=SystemClock)

    def send(self, email: Email) -> None:
        content = bytes(to_message(email, self.envelope, self.clock.now()))
        sender, recipient = self.envelope.sender, self.envelope.recipient
        try:
            with self.connection.conversation() as connection:
                # Not send_message, which puts ">" before a body's line that begins with "From ".
                connection.sendmail(sender, recipient, content)
        except smtplib.SMTPRecipientsRefused as error:
            codes = {code for code, _ in error.recipients.values()}
            raise Unavailable(f"SMTP: refused with {', '.join(map(str, codes))}") from error
        except smtplib.SMTPResponseException as error:
            name = type(error).__name__
            raise Unavailable(f"SMTP: {name} {error.smtp_code}") from error
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            raise Unavailable(f"SMTP: {type(error).__name__}") from error


def _trust(server: SmtpServer) -> ssl.SSLContext:
    return server.trust or client_context()


def _reason(error: Exception) -> str:
    """Return the reply code, or the name of what went wrong."""
    if isinstance(error, smtplib.SMTPResponseException):
        return str(error.smtp_code)
    return type(error).__name__


class _Conversation(smtplib.SMTP):
    """A connection that is shut down at a deadline, whatever it is waiting for."""

    def __init__(self, server: SmtpServer, deadline_s: float, **options: Any):
        self._deadline = self._timer(deadline_s)
        super().__init__(server.host, server.port, timeout=TIMEOUT_S, **options)

    def connect(self, *where: Any, **options: Any) -> tuple[int, bytes]:
        self._deadline.start()
        try:
            return super().connect(*where, **options)
        except BaseException:
            self.close()
            raise

    def restart(self, deadline_s: float) -> None:
        """Start the deadline anew."""
        self._deadline.cancel()
        self._deadline = self._timer(deadline_s)
        self._deadline.start()

    def close(self) -> None:
        self._deadline.cancel()
        super().close()

    def _timer(self, deadline_s: float) -> threading.Timer:
        timer = threading.Timer(deadline_s, self._cut)
        timer.daemon = True
        return timer

    def _cut(self) -> None:
        open_socket = self.sock
        if open_socket is not None:
            with suppress(OSError):  # closed meanwhile
                open_socket.shutdown(socket.SHUT_RDWR)


class _TlsConversation(_Conversation, smtplib.SMTP_SSL):
    """A conversation that is encrypted from the first byte."""
