"""E-mail, or any other notice, through Apprise."""

from apprise import Apprise, NotifyFormat, NotifyType

from alerta_utec.domain.errors import Unavailable
from alerta_utec.notifications.mailer import Email


class AppriseMailer:
    """A ``Mailer`` to the service that an Apprise URL names."""

    def __init__(self, url: str):
        """Take the URL.

        Raises:
            ValueError: Apprise does not know it.
        """
        self._apprise = Apprise()
        if not self._apprise.add(url):
            raise ValueError("la URL no es una que Apprise conozca")

    def send(self, email: Email) -> None:
        taken = self._apprise.notify(
            title=email.subject,
            body=email.body,
            notify_type=NotifyType.WARNING,
            body_format=NotifyFormat.TEXT,
        )
        if not taken:
            raise Unavailable("Apprise: not taken")
