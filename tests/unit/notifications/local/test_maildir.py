"""``MaildirMailer``: a Maildir that other programs read at the same time."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alerta_utec.notifications.local.maildir import MaildirMailer
from alerta_utec.notifications.local.message import Envelope
from alerta_utec.notifications.mailer import Email
from tests.contract.mail_peers import read_maildir
from tests.fakes.clock import ManualClock

EMAIL = Email("<a.1@alerta-utec>", "Asunto", "Cuerpo ñ\n")


def _mailer(folder: Path) -> MaildirMailer:
    return MaildirMailer(folder, Envelope("alerta@utec.example"), ManualClock())


def _files(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.rglob("*") if path.is_file())


def test_a_mail_is_new_and_nothing_stays_in_tmp(tmp_path: Path) -> None:
    _mailer(tmp_path / "mail").send(EMAIL)

    assert _files(tmp_path / "mail") == ["new"]
    assert sorted(path.name for path in (tmp_path / "mail").iterdir()) == ["cur", "new", "tmp"]


def test_a_mail_without_recipients_still_has_its_headers(tmp_path: Path) -> None:
    _mailer(tmp_path).send(EMAIL)

    (message,) = read_maildir(tmp_path)
    assert message["To"] == "undisclosed-recipients:;"
    assert message["From"] == "alerta@utec.example"
    assert message["Date"] == "Sun, 16 Nov 2025 18:12:00 +0000"


def test_the_same_message_id_makes_one_mail(tmp_path: Path) -> None:
    mailer = _mailer(tmp_path)

    mailer.send(EMAIL)
    _mailer(tmp_path).send(EMAIL)
    mailer.send(Email("<a.2@alerta-utec>", "Asunto", "Cuerpo ñ\n"))

    assert len(read_maildir(tmp_path)) == 2


def test_the_same_message_to_another_recipient_is_another_mail(tmp_path: Path) -> None:
    for name in ("ana", "luz"):
        envelope = Envelope("alerta@utec.example", f"{name}@utec.example")
        MaildirMailer(tmp_path, envelope, ManualClock()).send(EMAIL)

    assert sorted(str(message["To"]) for message in read_maildir(tmp_path)) == [
        "ana@utec.example",
        "luz@utec.example",
    ]


def test_a_mail_that_has_been_read_is_not_written_again(tmp_path: Path) -> None:
    mailer = _mailer(tmp_path)
    mailer.send(EMAIL)
    (unread,) = (tmp_path / "new").iterdir()
    unread.rename(tmp_path / "cur" / f"{unread.name}:2,S")

    mailer.send(EMAIL)

    assert _files(tmp_path) == ["cur"]


def test_many_threads_with_one_message_make_one_mail(tmp_path: Path) -> None:
    mailer = _mailer(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: mailer.send(EMAIL), range(40)))

    assert _files(tmp_path) == ["new"]
