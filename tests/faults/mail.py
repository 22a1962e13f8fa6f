"""What arrives by e-mail, by incident."""

import re
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from email.message import EmailMessage

TO = "guardia@example.edu"
_IDENTIFIER = re.compile(r"^Identificador: +(\S+)", re.MULTILINE)


def mail_environment(port: int) -> dict[str, str]:
    """The environment of a server that mails through ``port``."""
    return {
        "ALERTA_MAIL_URL": f"smtp://127.0.0.1:{port}",
        "ALERTA_MAIL_FROM": "alerta@example.edu",
        "ALERTA_MAIL_TO": TO,
    }


def message_ids(messages: Sequence[EmailMessage]) -> dict[str, list[str]]:
    """The Message-IDs of the e-mails about each incident."""
    found: dict[str, list[str]] = defaultdict(list)
    for message in messages:
        match = _IDENTIFIER.search(message.get_content().replace("\r\n", "\n"))
        assert match is not None
        found[match[1]].append(str(message["Message-ID"]))
    return found


def wait_mailed(
    messages: Sequence[EmailMessage], incident_ids: Collection[str], within_s: float = 30
) -> dict[str, list[str]]:
    """As ``message_ids``, once there is an e-mail about each of ``incident_ids``."""

    def missing() -> set[str]:
        return set(incident_ids) - set(message_ids(list(messages)))

    wait_until(lambda: len(messages) >= len(incident_ids) and not missing(), within_s)
    return message_ids(list(messages))


def wait_until(condition: Callable[[], object], within_s: float = 30) -> None:
    """Wait for a condition that has no signal of its own."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not so after {within_s} s"
        time.sleep(0.05)
