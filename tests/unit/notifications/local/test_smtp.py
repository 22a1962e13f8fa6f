"""``SmtpMailer``: TLS, authentication, refusals and kept connections."""

import ssl
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP

from alerta_utec.domain.errors import Unavailable
from alerta_utec.notifications.local.message import Envelope
from alerta_utec.notifications.local.smtp import SmtpConnection, SmtpMailer, SmtpServer, Tls
from alerta_utec.notifications.mailer import Email
from tests.contract.mail_peers import SmtpPeer
from tests.fakes.clock import ManualClock
from tests.support.certificates import self_signed, server_context, trusting_context
from tests.support.mail_gate import MailGate

ANA, LUZ = "ana@utec.example", "luz@utec.example"
ENVELOPE = Envelope("alerta@utec.example", ANA)
EMAIL = Email("<a.1@alerta-utec>", "Asunto", "Cuerpo ñ\n")


def _mailer(peer: SmtpPeer, tls: Tls = "offered", **settings: object) -> SmtpMailer:
    server = SmtpServer("127.0.0.1", peer.port, tls, **settings)  # type: ignore[arg-type]
    return SmtpMailer(SmtpConnection(server), ENVELOPE, ManualClock())


def _send(mailer: SmtpMailer, email: Email = EMAIL) -> None:
    try:
        mailer.send(email)
    finally:
        mailer.connection.close_idle()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    return server_context(certificate)


@pytest.fixture
def trust(certificate: Path) -> ssl.SSLContext:
    return trusting_context(certificate)


def test_the_message_has_the_headers_of_a_notification() -> None:
    with SmtpPeer() as peer:
        _send(_mailer(peer))

        (message,) = peer.messages
        assert message["From"] == "alerta@utec.example"
        assert message["To"] == ANA
        assert message["Date"] == "Sun, 16 Nov 2025 18:12:00 +0000"
        assert message["Message-ID"] == "<a.1@alerta-utec>"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message.get_content_charset() == "utf-8"
        assert peer.senders == ["alerta@utec.example"]
        assert peer.recipients == [[ANA]]


def test_an_offered_starttls_is_used_with_any_certificate(
    server_tls: ssl.SSLContext,
) -> None:
    with SmtpPeer(tls=server_tls) as peer:
        _send(_mailer(peer))

        assert peer.encrypted == [True]


def test_without_starttls_the_message_goes_in_clear() -> None:
    with SmtpPeer() as peer:
        _send(_mailer(peer))

        assert peer.encrypted == [False]


class _RefusingStartTls(SmtpPeer):
    """A server that offers STARTTLS and answers it with 454."""

    def _protocol(self) -> SMTP:
        protocol = super()._protocol()

        async def refuse(_argument: str) -> None:
            await protocol.push("454 TLS not available due to temporary reason")

        # The commands of a protocol are looked up in this table.
        protocol._smtp_methods["STARTTLS"] = refuse
        return protocol


@pytest.mark.parametrize("tls", ["offered", "required"])
def test_a_starttls_that_fails_is_done_without_only_where_it_is_optional(
    server_tls: ssl.SSLContext, tls: Tls, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "alerta_utec")
    with _RefusingStartTls(tls=server_tls) as peer:
        if tls == "required":
            with pytest.raises(Unavailable, match="454"):
                _send(_mailer(peer, tls))
        else:
            _send(_mailer(peer, tls))

        assert peer.encrypted == ([False] if tls == "offered" else [])
    logged = [
        (r.message, getattr(r, "reason", getattr(r, "encryption", ""))) for r in caplog.records
    ]
    in_clear = [("smtp_starttls_failed", "454"), ("smtp_connected", "none")]
    assert logged == (in_clear if tls == "offered" else [])


def test_a_password_never_goes_in_clear_after_a_failed_starttls(
    server_tls: ssl.SSLContext,
) -> None:
    with _RefusingStartTls(tls=server_tls, login=("usuario", "clave")) as peer:
        with pytest.raises(Unavailable, match="454"):
            _send(_mailer(peer, user="usuario", password="clave"))

        assert peer.messages == []


def test_a_handshake_that_fails_is_done_without(certificate: Path) -> None:
    old = server_context(certificate)
    old.set_ciphers("PSK")
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with SmtpPeer(tls=old) as peer:
        _send(_mailer(peer))

        assert peer.encrypted == [False]


def test_the_log_names_the_encryption(
    server_tls: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "alerta_utec")
    with SmtpPeer(tls=server_tls) as peer:
        _send(_mailer(peer))
        _send(_mailer(peer, "off"))

    found = [getattr(record, "encryption", "") for record in caplog.records]
    assert found == ["starttls", "none"]


def test_a_disabled_starttls_is_not_used(server_tls: ssl.SSLContext) -> None:
    with SmtpPeer(tls=server_tls) as peer:
        _send(_mailer(peer, "off"))

        assert peer.encrypted == [False]


def test_required_starttls_needs_an_offer() -> None:
    with SmtpPeer() as peer:
        with pytest.raises(Unavailable):
            _send(_mailer(peer, "required"))

        assert peer.messages == []


def test_required_starttls_needs_a_valid_certificate(
    server_tls: ssl.SSLContext, trust: ssl.SSLContext
) -> None:
    with SmtpPeer(tls=server_tls) as peer:
        with pytest.raises(Unavailable, match="SSLCertVerificationError"):
            _send(_mailer(peer, "required"))
        assert peer.messages == []

        _send(_mailer(peer, "required", trust=trust))
        assert peer.encrypted == [True]


def test_implicit_tls_needs_a_valid_certificate(
    server_tls: ssl.SSLContext, trust: ssl.SSLContext
) -> None:
    with SmtpPeer(tls=server_tls, implicit_tls=True) as peer:
        with pytest.raises(Unavailable, match="SSLCertVerificationError"):
            _send(_mailer(peer, "implicit"))
        assert peer.messages == []

        _send(_mailer(peer, "implicit", trust=trust))
        assert peer.encrypted == [True]


def test_the_user_and_password_are_sent(server_tls: ssl.SSLContext) -> None:
    with SmtpPeer(tls=server_tls, login=("usuario", "clave")) as peer:
        _send(_mailer(peer, user="usuario", password="clave"))

        assert len(peer.messages) == 1


def test_a_wrong_password_is_unavailable_and_never_shown(
    server_tls: ssl.SSLContext,
) -> None:
    with SmtpPeer(tls=server_tls, login=("usuario", "clave")) as peer:
        mailer = _mailer(peer, user="usuario", password="equivocada")

        with pytest.raises(Unavailable) as refusal:
            _send(mailer)

        assert str(refusal.value) == "SMTP: SMTPAuthenticationError 535"
        assert "equivocada" not in repr(SmtpServer("h", 1, user="u", password="equivocada"))
        assert peer.messages == []


@pytest.mark.parametrize("reply", ["450 later", "550 never"])
def test_an_email_refused_for_every_recipient_is_unavailable(reply: str) -> None:
    with SmtpPeer(refuse={ANA: f"{reply} {ANA}"}) as peer:
        with pytest.raises(Unavailable) as refusal:
            _send(_mailer(peer))

        assert str(refusal.value) == f"SMTP: refused with {reply[:3]}"
        assert peer.messages == []


@pytest.mark.parametrize("reply", ["452 full", "554 refused", "421 closing"])
def test_an_email_refused_at_its_end_is_unavailable_and_sent_again_whole(
    reply: str,
) -> None:
    replies = [reply]
    with SmtpPeer(on_data=lambda: replies.pop() if replies else "250 OK") as peer:
        mailer = _mailer(peer)

        with pytest.raises(Unavailable, match=reply[:3]):
            _send(mailer)
        _send(mailer)

        assert peer.recipients == [[ANA]]


def test_a_run_of_emails_shares_one_connection() -> None:
    with SmtpPeer() as peer, MailGate(peer.port) as gate:
        connection = SmtpConnection(SmtpServer("127.0.0.1", gate.port))
        to = [Envelope("alerta@utec.example", name) for name in (ANA, LUZ, ANA)]
        for number, envelope in enumerate(to):
            SmtpMailer(connection, envelope).send(Email(f"<{number}@x>", "Asunto", "Cuerpo\n"))
        connection.close_idle()
        first_run = gate.connections
        _send(SmtpMailer(connection, to[0]))

        assert peer.recipients == [[ANA], [LUZ], [ANA], [ANA]]
        assert (first_run, gate.connections) == (1, 2)


def test_a_connection_that_the_server_closed_is_opened_again() -> None:
    with SmtpPeer() as peer:
        mailer = _mailer(peer)
        mailer.send(EMAIL)
        peer.drop_clients()

        _send(mailer, Email("<b.1@alerta-utec>", "Otro", "Cuerpo\n"))

        assert len(peer.messages) == 2


def test_one_refused_recipient_leaves_the_next_email_untouched() -> None:
    with SmtpPeer(refuse={LUZ: f"550 {LUZ} no such user"}) as peer:
        mailer = _mailer(peer)
        with pytest.raises(Unavailable, match="refused with 550"):
            _send(SmtpMailer(mailer.connection, Envelope("alerta@utec.example", LUZ)))

        _send(mailer)

        assert peer.recipients == [[ANA]]


def test_a_server_that_hangs_up_is_unavailable() -> None:
    with SmtpPeer(refuse={ANA: "421 shutting down"}) as peer:
        with pytest.raises(Unavailable) as refusal:
            _send(_mailer(peer))

        assert str(refusal.value) == "SMTP: refused with 421"
