"""A ``Mailer`` that keeps what it is given."""

import threading
from dataclasses import dataclass, field

from alerta_utec.domain.errors import Unavailable
from alerta_utec.notifications.mailer import Email


@dataclass
class FakeMailer:
    """A ``Mailer`` that appends each e-mail to ``sent``; it fails for the ids in ``refuses``."""

    sent: list[Email] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    down: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def send(self, email: Email) -> None:
        with self._lock:
            if self.down or email.message_id in self.refuses:
                raise Unavailable("the mailer is down")
            self.sent.append(email)
