"""``mailer_for``: one URL says where e-mail goes."""

from pathlib import Path

import pytest

from alerta_utec.adapters.local.mail import mailer_for
from alerta_utec.adapters.local.maildir import MaildirMailer
from alerta_utec.adapters.local.smtp import SmtpMailer, SmtpServer

SENDER, RECIPIENTS = "alerta@utec.example", ["guardia@utec.example"]


def _server(url: str) -> SmtpServer:
    mailer = mailer_for(url, SENDER, RECIPIENTS, Path("mail"))
    assert isinstance(mailer, SmtpMailer)
    return mailer.server


@pytest.mark.parametrize("url", [None, ""])
def test_no_url_means_the_maildir(tmp_path: Path, url: str | None) -> None:
    mailer = mailer_for(url, SENDER, [], tmp_path)

    assert isinstance(mailer, MaildirMailer)
    assert mailer.folder == tmp_path


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
def test_an_smtp_url_says_everything_about_the_server(url: str, server: SmtpServer) -> None:
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
        mailer_for(url, SENDER, RECIPIENTS, Path("mail"))

    assert "secreto" not in str(refusal.value)
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


def test_smtp_without_recipients_is_refused() -> None:
    with pytest.raises(ValueError, match="destinatario"):
        mailer_for("smtp://c.example", SENDER, [], Path("mail"))


@pytest.mark.parametrize(
    "address",
    ["", "ana", "@c.example", "ana@", "ana@c.example\nBcc: x@y.example", "a@b@c", "ñ@c.example"],
)
def test_an_unusable_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="no es una dirección"):
        mailer_for("smtp://c.example", SENDER, [address], Path("mail"))
    with pytest.raises(ValueError, match="no es una dirección"):
        mailer_for(None, address, [], Path("mail"))


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_any_other_url_goes_to_apprise() -> None:
    mailer = mailer_for("json://127.0.0.1:1/", SENDER, [], Path("mail"))

    assert type(mailer).__name__ == "AppriseMailer"


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_a_url_that_apprise_does_not_know_is_refused_without_its_password(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(ValueError, match="Apprise") as refusal:
        mailer_for("nadie://u:secreto@c.example", SENDER, RECIPIENTS, Path("mail"))

    assert "secreto" not in str(refusal.value)
    assert "secreto" not in caplog.text
