"""``AppriseMailer``: what leaves fits each service, and carries no markup of reporters."""

import html
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from apprise import Apprise
from apprise.plugins import N_MGR
from apprise.plugins.base import NotifyBase

from alerta_utec.domain.errors import Unavailable
from alerta_utec.notifications.digest import compose_all, short_form
from alerta_utec.notifications.fitting import utf16_length
from alerta_utec.notifications.local.apprise import SHORT_BELOW, AppriseMailer, send_through
from alerta_utec.notifications.mailer import Email
from alerta_utec.notifications.style import MessageStyle
from tests.contract.builders import creation
from tests.support.loopback import LoopbackServer, QuietHandler
from tests.unit.notifications.sending import LIMA

pytestmark = pytest.mark.filterwarnings(
    "ignore:'imghdr' is deprecated:DeprecationWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)
POST_MAX = 4000
PANEL = "https://alerta.example.edu"
ID = "0197a1b2-0000-7000-8000-000000000001"
LINK = re.compile(rf"{re.escape(PANEL)}/(#i=[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})?")
STYLE = MessageStyle(LIMA, panel_url=PANEL)
# A service's attributes that its lengths depend on, which its constructor would set.
DEFAULTS = {
    "mode": "",
    "method": "",
    "subject": "",
    "targets": [],
    "unicode": True,
    "hashtags": [],
    "template": None,
    "ping": [],
    "max_parts": 1,
    "number": 1,
    "token": None,
    "access_token": None,
    "user_id": None,
    "sock": None,
}
HOSTILE = (
    "@everyone @here <!channel> <@U1> <users/all> @**all** [seguro](https://malo.example) "
    "[uno][dos] ![i](x) <https://malo.example|seguro> ||oculto|| ```codigo``` a@b\n"
    "[Alerta UTEC]: https://malo.example\n"
)


def email(description: str, *, drill: bool = True, count: int = 1, **fields: Any) -> Email:
    """Return the e-mail about ``count`` incidents."""
    given = {"type": "incendio", "location": "Torre A", "urgency": "high", "drill": drill}
    changes = [creation(description=description, **(given | fields)) for _ in range(count)]
    written = compose_all(changes, STYLE)
    return replace(written, short=short_form(changes, written, STYLE))


def plain(body: str) -> str:
    """Return the body without the escapes of Markdown and of HTML."""
    return html.unescape(re.sub(r"<br ?/?>", "\n", body.replace("\\", "")))


class MattermostPeer(LoopbackServer):
    """A receiver that refuses a post of more than 4,000 characters, as Mattermost does."""

    def __init__(self) -> None:
        self.posts: list[str] = []
        posts = self.posts

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fits = len(document["text"]) <= POST_MAX
                if fits:
                    posts.append(document["text"])
                self.send_response(200 if fits else 400)
                self.send_header("Content-Length", "0")
                self.end_headers()

        super().__init__(Handler)


@pytest.fixture
def receiver() -> Iterator[MattermostPeer]:
    with MattermostPeer() as peer:
        yield peer


def post(peer: MattermostPeer, message: Email) -> str:
    """Send the message to the receiver; return what it took."""
    AppriseMailer(f"mmost://127.0.0.1:{peer.port}/token").send(message)
    return peer.posts[-1]


@pytest.mark.parametrize("letter", ["a", "ñ", "😀", "*", "<", "@"])
@pytest.mark.parametrize("length", [3500, 3960, 4000])
def test_a_long_description_is_cut_and_says_so(
    receiver: MattermostPeer, letter: str, length: int
) -> None:
    text = post(receiver, email(letter * length, incidentId=ID))

    assert text.endswith(f"[… cortado: el texto completo está en {PANEL}/#i={ID} ]")
    assert utf16_length(text) <= POST_MAX
    head = text[:600]
    facts = ("SIMULACRO", "ALTA", "incendio", "Torre A", f"{PANEL}/#i={ID}\n")
    assert all(word in head for word in facts)
    assert letter * 100 in text.replace("\u200b", "").replace("\\", "")


def test_a_short_description_arrives_whole(receiver: MattermostPeer) -> None:
    text = post(receiver, email("x" * 2000))

    assert "x" * 2000 in text
    assert "cortado" not in text


def test_a_service_that_cannot_be_reached_is_unavailable() -> None:
    with MattermostPeer() as peer:
        mailer = AppriseMailer(f"mmost://127.0.0.1:{peer.port}/token")

    with pytest.raises(Unavailable):
        mailer.send(email("x"))


def services() -> list[type[NotifyBase]]:
    """Return every service that the installed Apprise lists."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        N_MGR.load_modules()
    return sorted(N_MGR.plugins(), key=lambda service: service.__name__)


def capturing(service: type[NotifyBase]) -> Any:
    """Return the service without an account, which keeps what it would send in ``sent``."""

    class Capturing(service):  # type: ignore[misc, valid-type]
        # Also where the packages of its own are not installed.
        enabled = True
        sent: ClassVar[list[tuple[str, str]]] = []

        def send(self, body: str, title: str = "", **_more: Any) -> bool:
            type(self).sent.append((title, body))
            return True

        def __del__(self) -> None:
            """Close no connection: none is open."""

    one = Capturing.__new__(Capturing)
    for name, value in DEFAULTS.items():
        try:
            setattr(one, name, value)
        except AttributeError:  # a property of this service
            continue
    NotifyBase.__init__(one)
    return one


@pytest.mark.parametrize("service", services(), ids=lambda service: service.__name__)
def test_what_leaves_fits_every_service_and_has_the_drill_mark(service: type[NotifyBase]) -> None:
    one = capturing(service)
    messages = [
        email("x" * 4000),
        email("<&*_😀á\n" * 500, type="@everyone [a](b) " * 4, location="Torre ||A|| " * 9),
        email("x", count=60),
    ]

    for message in messages:
        one.sent.clear()
        assert send_through(one, message)

        [(title, body)] = one.sent
        assert utf16_length(body) <= one.body_maxlen
        assert utf16_length(title) <= max(one.title_maxlen, 0)
        assert "SIMULACRO" in body[:80]
        assert not title or "SIMULACRO" in title
        links = re.findall(r"https?:/\S*", plain(body))
        assert links or one.body_maxlen < SHORT_BELOW or one.body_max_line_count > 0
        assert all(LINK.fullmatch(link) for link in links)
        if one.body_max_line_count > 0:
            assert len(body.splitlines()) <= one.body_max_line_count


@pytest.mark.parametrize(
    "name",
    ["Discord", "Mattermost", "RocketChat", "Slack", "GoogleChat", "Workflows", "Zulip", "Guilded"],
)
def test_a_report_mentions_no_one_and_masks_no_link(name: str) -> None:
    [service] = [one for one in services() if one.__name__ == f"Notify{name}"]
    one = capturing(service)

    send_through(one, email(HOSTILE, type="@channel"))

    [(title, body)] = one.sent
    text = title + body
    shown = text.replace("\u200b", "").replace("\\", "").replace("&lt;", "<")
    assert "@everyone" in shown
    assert re.search(r"@[\w*]|<[@!\w]|\]\(|\]\[|\]:|!\[|\|\||``", text) is None
    assert "https://malo.example" in shown


def test_a_service_without_markup_gets_the_text_as_it_is() -> None:
    [service] = [one for one in services() if one.__name__ == "NotifyJSON"]
    one = capturing(service)
    message = email(HOSTILE)

    send_through(one, message)

    assert one.sent == [(message.subject, message.body.rstrip())]


def test_every_service_of_one_url_gets_the_message() -> None:
    with MattermostPeer() as first, MattermostPeer() as second:
        urls = f"mmost://127.0.0.1:{first.port}/a,mmost://127.0.0.1:{second.port}/b"
        assert len(Apprise(urls.split(","))) == 2

        AppriseMailer(urls).send(email("x"))

        assert (len(first.posts), len(second.posts)) == (1, 1)
