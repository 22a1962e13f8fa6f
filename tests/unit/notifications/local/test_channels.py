"""``channels_for``: the channel of each recipient, by one URL and those of Apprise."""

from pathlib import Path

import pytest

from alerta_utec.notifications.local.channels import channels_for, recipients_of
from alerta_utec.notifications.local.maildir import MaildirMailer
from alerta_utec.notifications.local.smtp import SmtpMailer, SmtpServer
from alerta_utec.notifications.recipients import MAILDIR, Kind, Recipient

SENDER, GUARD = "alerta@utec.example", "guardia@utec.example"
TO = Recipient(Kind.EMAIL, GUARD)


def _server(url: str) -> SmtpServer:
    [channel] = channels_for(url, SENDER, [TO], Path("mail"))
    mailer = channel.mailers[GUARD]
    assert isinstance(mailer, SmtpMailer)
    return mailer.connection.server


@pytest.mark.parametrize("url", [None, ""])
def test_without_a_url_e_mail_goes_to_the_maildir(tmp_path: Path, url: str | None) -> None:
    [channel] = channels_for(url, SENDER, [TO], tmp_path)

    mailer = channel.mailers[GUARD]
    assert isinstance(mailer, MaildirMailer)
    assert (mailer.folder, mailer.envelope.recipient) == (tmp_path, GUARD)


def test_the_maildir_alone_names_no_recipient() -> None:
    [channel] = channels_for(None, SENDER, [MAILDIR], Path("mail"))

    mailer = channel.mailers["maildir"]
    assert isinstance(mailer, MaildirMailer)
    assert mailer.envelope.recipient == ""


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://correo.example", SmtpServer("correo.example", 25, "offered")),
        ("smtp://correo.example:587/", SmtpServer("correo.example", 587, "offered")),
        ("SMTP://correo.example", SmtpServer("correo.example", 25, "offered")),
        ("smtp://[::1]:2525", SmtpServer("::1", 2525, "offered")),
        ("smtp://c.example?starttls=required", SmtpServer("c.example", 25, "required")),
        ("smtp://c.example?starttls=off", SmtpServer("c.example", 25, "off")),
        ("smtps://c.example", SmtpServer("c.example", 465, "implicit")),
        ("smtp://u:p@c.example", SmtpServer("c.example", 25, "required", "u", "p")),
        ("smtps://u:p@c.example", SmtpServer("c.example", 465, "implicit", "u", "p")),
        ("smtp://u:p@localhost", SmtpServer("localhost", 25, "offered", "u", "p")),
        ("smtp://u:p@127.0.0.1", SmtpServer("127.0.0.1", 25, "offered", "u", "p")),
        (
            "smtp://ana%40c.example:a%2Fb%3A%40@c.example",
            SmtpServer("c.example", 25, "required", "ana@c.example", "a/b:@"),
        ),
    ],
)
def test_an_smtp_url_describes_the_server(url: str, server: SmtpServer) -> None:
    assert _server(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "correo.example",
        "smtp://",
        "smtp://:secreto@",
        "smtp://u:secreto@c.example:puerto",
        "smtp://u:secreto@c.example:99999",
        "smtp://c.example:secreto",
        "smtp://u:secreto@c.example/carpeta",
        "smtp://u:secreto@[c.example",
        "smtp://u:secreto@c.example#x",
        "smtp://u:secreto@c.example?starttls=off",
        "smtp://u:secreto@c.example?starttls=offered",
        "smtp://c.example?starttls=quizás",
        "smtps://c.example?starttls=off",
        "smtp://c.example?otra=1",
    ],
)
def test_an_unusable_smtp_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL|starttls") as refusal:
        channels_for(url, SENDER, recipients_of(url, [GUARD]), Path("mail"))

    assert "secreto" not in str(refusal.value)
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


@pytest.mark.parametrize(
    ("url", "addresses", "found"),
    [
        (None, [], (MAILDIR,)),
        (None, [GUARD], (TO,)),
        ("smtp://c.example", [GUARD], (TO,)),
        ("json://c.example/x", [], (Recipient(Kind.APPRISE, "json://c.example/x"),)),
        ("json://c.example/x", [GUARD], (Recipient(Kind.APPRISE, "json://c.example/x"),)),
    ],
)
def test_without_rules_the_given_recipients_get_everything(
    url: str | None, addresses: list[str], found: tuple[Recipient, ...]
) -> None:
    assert recipients_of(url, addresses) == found


def test_smtp_without_recipients_is_refused() -> None:
    with pytest.raises(ValueError, match="destinatario"):
        recipients_of("smtp://c.example", [])


@pytest.mark.parametrize(
    "address",
    ["", "ana", "@c.example", "ana@", "ana@c.example\nBcc: x@y.example", "a@b@c", "ñ@c.example"],
)
def test_an_unusable_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="no es una dirección"):
        recipients_of("smtp://c.example", [address])
    with pytest.raises(ValueError, match="no es una dirección"):
        channels_for(None, address, [TO], Path("mail"))


def test_unreachable_telephones_and_addresses_are_refused() -> None:
    with pytest.raises(ValueError, match="SMS"):
        channels_for(None, SENDER, [Recipient(Kind.PHONE, "+51999999999")], Path("mail"))
    with pytest.raises(ValueError, match="no es smtp://"):
        channels_for("json://c.example/x", SENDER, [TO], Path("mail"))


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_e_mail_recipients_share_a_channel_and_each_service_has_its_own() -> None:
    luz = Recipient(Kind.EMAIL, "luz@utec.example")
    services = [Recipient(Kind.APPRISE, f"json://127.0.0.1:{port}/") for port in (1, 2)]

    channels = channels_for(
        "smtp://c.example", SENDER, [services[0], TO, services[1], luz], Path("mail")
    )

    assert [sorted(channel.mailers) for channel in channels] == [
        [GUARD, luz.key],
        [services[0].key],
        [services[1].key],
    ]


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_a_url_that_apprise_does_not_know_is_refused_without_its_password(
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = "nadie://u:secreto@c.example"
    with pytest.raises(ValueError, match="Apprise") as refusal:
        channels_for(url, SENDER, recipients_of(url, []), Path("mail"))

    assert "secreto" not in str(refusal.value)
    assert "secreto" not in caplog.text
