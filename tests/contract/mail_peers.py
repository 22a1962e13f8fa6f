"""Real peers for mailers: an SMTP server, an HTTP server and a reader of Maildirs."""

import asyncio
import json
import mailbox
import ssl
from collections.abc import Callable, Mapping
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from alerta_utec.notifications.mailer import Email
from tests.support.loop_server import LoopServer
from tests.support.loopback import LoopbackServer, QuietHandler


def as_email(message: EmailMessage) -> Email:
    """Return the parts of a message that a mail program shows."""
    text = message.get_content().replace("\r\n", "\n")
    return Email(str(message["Message-ID"]), str(message["Subject"]), text)


def without_attributes(email: Email) -> Email:
    """Return the e-mail without attributes, which not every mailer transports."""
    return replace(email, attributes={})


def parsed(content: bytes) -> EmailMessage:
    """Parse a message."""
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def read_maildir(folder: Path) -> list[EmailMessage]:
    """Return the messages in a Maildir, by the standard library's reader."""
    with_reader = mailbox.Maildir(folder, create=True)
    return [parsed(with_reader.get_bytes(key)) for key in sorted(with_reader.keys())]


class SmtpPeer(LoopServer):
    """A real SMTP server on a free port of the loopback, in a thread of its own.

    ``refuse`` maps a recipient to the reply that it gets; ``on_data`` gives the reply to a
    complete message. ``login`` is required, once the connection is encrypted.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        login: tuple[str, str] | None = None,
        refuse: Mapping[str, str] | None = None,
        on_data: Callable[[], str] = lambda: "250 OK",
    ):
        super().__init__()
        self.messages: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.senders: list[str | None] = []
        self.encrypted: list[bool] = []
        self.refuse = dict(refuse or {})
        self._transports: list[asyncio.BaseTransport] = []
        self._tls, self._implicit, self._login, self._on_data = tls, implicit_tls, login, on_data

    async def handle_EHLO(
        self,
        server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        if server.transport is not None:
            self._transports.append(server.transport)
        return responses

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        reply = self._on_data()
        if reply.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.messages.append(parsed(envelope.content))
            self.recipients.append(list(envelope.rcpt_tos))
            self.senders.append(envelope.mail_from)
            self.encrypted.append(session.ssl is not None or self._implicit)
        return reply

    def drop_clients(self) -> None:
        """Close the open connections."""

        async def drop() -> None:
            for transport in self._transports:
                transport.close()

        asyncio.run_coroutine_threadsafe(drop(), self._loop).result(10)

    async def _listen(self) -> asyncio.Server:
        tls = self._tls if self._implicit else None
        return await self._loop.create_server(self._protocol, "127.0.0.1", 0, ssl=tls)

    def _protocol(self) -> SMTP:
        return SMTP(
            self,
            loop=self._loop,
            hostname="peer.example",
            tls_context=None if self._implicit else self._tls,
            authenticator=self._authenticate if self._login else None,
            auth_required=self._login is not None,
        )

    def _authenticate(self, _s: SMTP, _n: Session, _e: Envelope, _m: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self._login, handled=False)


class HttpPeer(LoopbackServer):
    """A real HTTP server that keeps the JSON bodies posted to it and answers ``status``."""

    def __init__(self, status: int = 200):
        self.bodies: list[Any] = []
        bodies = self.bodies

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        super().__init__(Handler)
