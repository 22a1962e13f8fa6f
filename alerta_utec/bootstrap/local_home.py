"""The service on one machine: gateway, SQLite and e-mail in one process."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class LocalSettings:
    """How ``serve`` runs.

    ``mail_url``: ``smtp://user:password@host:587``, ``smtps://…`` or an Apprise URL;
    none: e-mails go to the Maildir ``data/mail``. ``ephemeral``: nothing is stored.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    stage: str = "dev"
    data: Path = Path("data")
    insecure: bool = False
    ephemeral: bool = False
    mail_url: str | None = None
    mail_from: str = "alerta-utec@localhost"
    mail_to: tuple[str, ...] = ()
    timezone: str = "America/Lima"


@dataclass(frozen=True)
class LocalHome:
    """The service on one machine."""

    settings: LocalSettings

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM."""
        raise NotImplementedError
