"""The e-mails that arrive, by incident."""

import math
import re
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from email.message import EmailMessage

from tests.support.eventually import eventually

TO = "guardia@example.edu"
_IDENTIFIER = re.compile(r"^Identificador: +(\S+)", re.MULTILINE)


def mail_environment(port: int) -> dict[str, str]:
    """Return the environment of a server that mails each notification alone through ``port``."""
    return {
        "ALERTA_MAIL_LIMIT": "3600",
        "ALERTA_MAIL_WINDOW": "0",
        "ALERTA_MAIL_URL": f"smtp://127.0.0.1:{port}",
        "ALERTA_MAIL_FROM": "alerta@example.edu",
        "ALERTA_MAIL_TO": TO,
    }


def message_ids(messages: Iterable[EmailMessage]) -> dict[str, list[str]]:
    """Return the Message-IDs of the e-mails about each incident."""
    found: dict[str, list[str]] = defaultdict(list)
    for message in messages:
        match = _IDENTIFIER.search(message.get_content().replace("\r\n", "\n"))
        assert match is not None
        found[match[1]].append(str(message["Message-ID"]))
    return found


def wait_mailed(
    messages: Sequence[EmailMessage], incident_ids: Collection[str], idle_s: float = 30
) -> dict[str, list[str]]:
    """Wait for an e-mail about each of ``incident_ids`` and return ``message_ids``.

    The wait ends ``idle_s`` after the last e-mail.
    """
    found: dict[str, list[str]] = defaultdict(list)
    read, deadline = 0, time.monotonic() + idle_s

    def missing() -> set[str]:
        nonlocal read, deadline
        if new := messages[read:]:
            read, deadline = read + len(new), time.monotonic() + idle_s
        for name, ids in message_ids(new).items():
            found[name] += ids
        left = set(incident_ids) - found.keys()
        assert time.monotonic() < deadline, f"{len(left)} not mailed: {sorted(left)[:5]}"
        return left

    eventually(missing, "every e-mail", accept=lambda left: not left, within_s=math.inf)
    return found
