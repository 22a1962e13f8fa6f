"""Notifications through the services of Apprise."""

from apprise import Apprise, NotifyFormat, NotifyType

from alerta_utec.domain.errors import Unavailable
from alerta_utec.notifications.mailer import Email
from alerta_utec.notifications.messages import settings_text


class AppriseMailer:
    """A ``Mailer`` to the service that an Apprise URL names."""

    def __init__(self, url: str):
        """Set the service up.

        Raises:
            ValueError: Apprise does not know the URL.
        """
        self._apprise = Apprise()
        if not self._apprise.add(url):
            raise ValueError(settings_text("unknown_service"))

    def send(self, email: Email) -> None:
        accepted = self._apprise.notify(
            title=email.subject,
            body=email.body,
            notify_type=NotifyType.WARNING,
            body_format=NotifyFormat.TEXT,
        )
        if not accepted:
            raise Unavailable("Apprise: not taken")
