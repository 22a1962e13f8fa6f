"""E-mail into a Maildir, for a machine without a mail server."""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from alerta_utec.adapters.clock import SystemClock
from alerta_utec.domain.errors import Unavailable
from alerta_utec.notifications.local.message import Envelope, to_message
from alerta_utec.notifications.mailer import Email
from alerta_utec.ports.clock import Clock


@dataclass(frozen=True)
class MaildirMailer:
    """A ``Mailer`` into a folder that any mail program can open.

    The file's name is derived from the Message-ID and the recipient, so that a repeat leaves the
    first mail unchanged, also after a mail program has marked it as seen.
    """

    folder: Path
    envelope: Envelope
    clock: Clock = field(default_factory=SystemClock)

    def send(self, email: Email) -> None:
        identity = email.message_id + self.envelope.recipient
        name = hashlib.sha256(identity.encode()).hexdigest()[:32] + ".alerta-utec"
        content = bytes(to_message(email, self.envelope, self.clock.now()))
        try:
            for part in ("tmp", "new", "cur"):
                (self.folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._is_there(name):
                self._deliver(name, content)
        except OSError as error:
            raise Unavailable(f"Maildir: {os.strerror(error.errno or 0)}") from error

    def _is_there(self, name: str) -> bool:
        return (self.folder / "new" / name).exists() or any((self.folder / "cur").glob(f"{name}*"))

    def _deliver(self, name: str, content: bytes) -> None:
        """Write the whole mail to ``tmp``, then rename it into ``new``."""
        temporary = self.folder / "tmp" / f"{name}.{os.getpid()}.{os.urandom(4).hex()}"
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.folder / "new" / name)
        finally:
            temporary.unlink(missing_ok=True)
        descriptor = os.open(self.folder / "new", os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
